"""What a good rule file becomes."""

from pathlib import Path

import pytest

from engine.core.program import AlertRule, HealRule, Program, RecordingRule, Step, Verify
from engine.rulefile import load
from engine.rulefile.errors import RuleErrors
from tests.rulefile.verbs import VERBS

SAMPLE = Path(__file__).parent / "sample.yaml"
TEXT = SAMPLE.read_text(encoding="utf-8")


def loaded(text: str) -> Program:
    return load({"rules.yaml": text}, VERBS)


def alert(fields: str, group: str = "name: g") -> AlertRule:
    (rule,) = loaded(f"groups:\n- {group}\n  rules:\n  - alert: A\n    expr: up == 0\n{fields}").alerts
    return rule


def test_an_alert_is_as_written() -> None:
    """Durations are milliseconds, scalars are text as in Prometheus, and `source` says where the rule stands."""
    down, quiet = loaded(TEXT).alerts
    assert down == AlertRule(
        id=down.id,
        group="checkout",
        name="WorkerDown",
        expr='up{job="worker"} == 0',
        source="rules.yaml:8",
        place=1,
        for_ms=10_000,
        labels={"team": "shop", "severity": "page", "priority": "1"},
        annotations={"summary": "{{ $labels.instance }} is down"},
    )
    assert (quiet.interval_ms, quiet.limit, quiet.keep_firing_for_ms, quiet.place) == (60_000, 10, 300_000, 2)


def test_a_record_is_as_written() -> None:
    """The labels of the group are a recording rule's too."""
    (record,) = loaded(TEXT).records
    assert record == RecordingRule(
        id=record.id,
        group="checkout",
        name="instance:requests:rate1m",
        expr="sum by (instance) (rate(requests_total[1m]))",
        source="rules.yaml:6",
        labels={"team": "shop"},
    )


def test_a_ladder_is_as_written() -> None:
    """Steps keep their order, their templates and their `verify`."""
    (heal,) = loaded(TEXT).heals
    up = 'up{instance="{{ $labels.instance }}"} == 1'
    workload = {"workload": "{{ $labels.workload }}"}
    assert heal == HealRule(
        id=heal.id,
        group="checkout",
        name="RestartWorker",
        alert="WorkerDown",
        source="rules.yaml:14",
        mode="auto",
        cooldown_ms=5_400_000,
        steps=(
            Step(verb="restart", args=workload, verify=Verify(expr=up, within_ms=30_000, hold_ms=10_000)),
            Step(verb="rollback", args=workload, verify=Verify(expr=up, within_ms=60_000)),
            Step(verb="page", args={"receiver": "oncall", "message": "nothing helped {{ $labels.workload }}"}),
        ),
    )


def test_a_heal_rule_acts_only_when_told_to() -> None:
    """Without `mode` a ladder only says what it would do, and five minutes lie between two."""
    text = "groups: [{name: g, rules: [{alert: A, expr: up}, {heal: H, alert: A, steps: [{page: {receiver: r}}]}]}]"
    (heal,) = loaded(text).heals
    assert (heal.mode, heal.cooldown_ms) == ("shadow", 300_000)


def test_a_rule_s_label_wins_over_its_group_s() -> None:
    """The group's labels are only defaults, as in Prometheus."""
    rule = alert("    labels: {team: db}", group="name: g\n  labels: {team: shop, tier: '1'}")
    assert rule.labels == {"team": "db", "tier": "1"}


def test_a_field_without_value_counts_as_left_out() -> None:
    """`for:` with nothing behind it is no mistake in Prometheus, and an empty label is empty text."""
    rule = alert("    for:\n    annotations:\n    labels:\n      team:\n")
    assert (rule.for_ms, rule.annotations, rule.labels) == (0, {}, {"team": ""})


@pytest.mark.parametrize("text", ["", "# later\n", "~", "groups:", "groups:\n-\n", "groups: []\n---\ngroups: [\n"])
def test_a_file_may_say_nothing(text: str) -> None:
    """Nothing, a group that is none, and what stands in a second document are no mistakes, as in Prometheus."""
    assert loaded(text).alerts == ()


def test_a_field_of_another_kind_may_say_nothing() -> None:
    """A rule is of the kind whose name it has."""
    text = "groups: [{name: g, rules: [~, {alert: ~, record: 'a:b', expr: 1, for: 0s, annotations: {}}]}]"
    assert [rule.name for rule in loaded(text).records] == ["a:b"]


@pytest.mark.parametrize(("limit", "number"), [("7", 7), ("-7", 0), ("7.9", 7), ("0x10", 16), ("1_0", 10), ("~", 0)])
def test_a_limit_is_a_number_as_yaml_has_it(limit: str, number: int) -> None:
    """Below zero there is no limit, and what stands behind a decimal point is cut off."""
    assert alert("", group=f"name: g\n  limit: {limit}").limit == number


def test_anchors_and_merge_keys_work() -> None:
    """What is written once can be used again; a field of its own wins over a merged one."""
    rule = alert("    labels: &base {severity: page, team: shop}\n    annotations: {<<: *base, team: db}\n")
    assert rule.annotations == {"severity": "page", "team": "db"}


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [
        ("0", 0),
        ("0s", 0),
        ("1ms", 1),
        ("90s", 90_000),
        ("1h30m", 5_400_000),
        ("1d", 86_400_000),
        ("1y", 31_536_000_000),
    ],
)
def test_durations_are_prometheus_own(text: str, duration_ms: int) -> None:
    """Units go from years to milliseconds, from large to small, and a bare 0 needs none."""
    assert alert(f"    for: {text}\n").for_ms == duration_ms


def test_an_edit_of_an_annotation_keeps_the_identity() -> None:
    """What triggers a rule names it; what it only says does not, nor where it stands."""
    plain = alert("    for: 5m\n")
    assert alert("    annotations: {a: b}\n    for: 300s\n").id == plain.id
    assert alert("    for: 6m\n").id != plain.id
    assert alert("    for: 5m\n    labels: {a: b}\n").id != plain.id
    assert alert("    for: 5m\n", group="name: h").id != plain.id


def test_the_same_rule_in_two_files_is_two_rules() -> None:
    """Prometheus allows a group name in several files, so equal rules in them keep separate state."""
    text = "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]"
    program = load({"a.yaml": text, "b.yaml": text}, VERBS)
    assert len({rule.id for rule in program.alerts}) == 2


def test_alerts_may_share_a_name_and_labels() -> None:
    """Real rule files state one alert by several expressions; that is no duplicate."""
    text = "groups: [{name: g, rules: [{alert: A, expr: up == 0}, {alert: A, expr: absent(up)}]}]"
    assert len(loaded(text).alerts) == 2


def test_a_label_of_every_rule_of_the_alert_can_be_used() -> None:
    """A ladder can use what the expression keeps, what the rules add, and the alert's name."""
    heal = (
        "{heal: H, alert: A, steps: [{page: {receiver: '{{ $labels.a }} {{ .Labels.team }} {{ $labels.alertname }}'}}]}"
    )
    text = f"groups: [{{name: g, labels: {{team: x}}, rules: [{{alert: A, expr: sum by (a) (up)}}, {heal}]}}]"
    assert len(loaded(text).heals) == 1


def test_the_digest_names_the_files() -> None:
    """The same files give the same program, in any order; any other text or path another digest."""
    one, two = ("a.yaml", TEXT), ("b.yaml", "groups: []")
    program = load(dict([one, two]), VERBS)
    assert program == load(dict([two, one]), VERBS)
    assert program.digest != load({"a.yaml": TEXT, "c.yaml": "groups: []"}, VERBS).digest
    assert program.digest != load({"a.yaml": TEXT + "\n", "b.yaml": "groups: []"}, VERBS).digest


def test_no_files_are_no_rules() -> None:
    """An empty folder is an empty program, which still knows the verbs."""
    program = load({}, VERBS)
    assert (program.alerts, program.records, program.heals, program.verbs) == ((), (), (), VERBS)


def test_a_respond_rule_is_a_ladder_of_its_own_kind() -> None:
    """Lists are joined, and a step that names no target gets the one by default."""
    text = """
groups:
- name: g
  rules:
  - {alert: Spray, expr: absent(up)}
  - respond: Contain
    alert: Spray
    cooldown: 1h
    steps:
    - collect: {evidence: [processes, auth_log], node: n1}
    - isolate: {workload: shop, revert_after: 1h}
"""
    (rule,) = loaded(text).responds
    assert (rule.kind, rule.name, rule.mode, rule.cooldown_ms) == ("respond", "Contain", "shadow", 3_600_000)
    assert rule.steps == (
        Step(verb="collect", args={"evidence": "processes,auth_log", "node": "n1"}),
        Step(verb="isolate", args={"workload": "shop", "revert_after": "1h"}),
    )
    (bare,) = loaded(text.replace("absent(up)", "up == 0").replace(", node: n1", "")).responds
    assert bare.steps[0].args["node"] == "{{ $labels.node }}"


def test_a_policy_knows_where_its_sections_stand() -> None:
    """What objects is told with the line of the file that says so."""
    text = "# Bounds.\nprotected: [workload:bus]\nfreshness:\n  samples: 1m\n"
    policy = load({"rules/policy.yaml": text}, VERBS).policy
    assert policy.source("protected") == "rules/policy.yaml:2"
    assert policy.source("freshness") == "rules/policy.yaml:3"
    assert policy.source("flapping") == ""


def test_limits_of_the_same_acts_are_counted_apart() -> None:
    """A short and a long window beside each other are two limits; the first keeps its name when another is added."""
    short, long = "{per: all, rate: {acts: 2, within: 10m}}", "{per: all, rate: {acts: 5, within: 1d}}"
    one = load({"policy.yaml": f"limits: [{short}]"}, VERBS).policy
    text = f"limits: [{short}, {long}]\nblast_radius: [{{max: 1}}, {{max: 3, within: 7d}}, {{max: 2, per: all}}]"
    two = load({"policy.yaml": text}, VERBS).policy
    assert two.limits[0].id == one.limits[0].id
    assert len({each.id for each in two.limits}) == 2
    assert len({each.id for each in two.blast_radius}) == 3


@pytest.mark.parametrize(
    "text", ["limits: [{per: all, rate: {acts: 2, within: 8d}}]", "blast_radius: [{max: 1, within: 8d}]"]
)
def test_a_policy_looks_no_further_back_than_acts_are_remembered(text: str) -> None:
    """One that did would count, once activated, less than was done."""
    with pytest.raises(RuleErrors, match="expected at most 7d, for so long acts are remembered, got 8d"):
        load({"policy.yaml": text}, VERBS)
