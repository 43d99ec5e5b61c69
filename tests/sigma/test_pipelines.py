"""Processing pipelines: pySigma's, a user's, and those that are shipped."""

from typing import Any

import pytest

from engine.rulefile.sigma_pipelines import shipped
from engine.sigma.model import Correlation, Detection, LogSource
from engine.sigma.translation import PipelineError
from tests.sigma.reading import correlation, matches, problems, read, rule, rules, selecting

RENAME = "name: {0}\npriority: {1}\ntransformations:\n  - type: field_name_mapping\n    mapping: {2}\n"
OURS = [pipeline.text for pipeline in shipped()]


def told(text: str, *pipelines: str) -> Detection:
    (found,) = rules(text, pipelines=pipelines)
    assert isinstance(found.does, Detection)
    return found.does


def test_pipelines_run_in_the_order_of_their_priority() -> None:
    """Whatever order they are given in."""
    first, second = RENAME.format("one", 10, "{a: b}"), RENAME.format("two", 20, "{b: c, a: wrong}")
    node = selecting("{a: x, f|fieldref: a}", pipelines=[second, first])
    assert matches(node, {"c": "x", "f": "x"}, {"b": "x", "f": "x"}) == [True, False]


def test_a_pipeline_may_change_the_log_source_and_add_conditions() -> None:
    """What pySigma can do to a rule is done before it is read; log sources are lower case before and after."""
    pipeline = """
name: p
transformations:
  - type: change_logsource
    product: Linux
    service: Auth
    rule_conditions: [{type: logsource, service: sshd}]
  - type: add_condition
    conditions: {host: here}
"""
    found = told(rule("  s: {a: x}\n  condition: s\n", logsource="{service: SSHD}"), pipeline)
    assert found.logsource == LogSource(product="linux", service="auth")
    assert matches(found.condition, {"a": "x", "host": "here"}, {"a": "x"}) == [True, False]


def test_one_field_may_become_several() -> None:
    """Then one of them suffices."""
    node = selecting("{a: x}", pipelines=[RENAME.format("p", 1, "{a: [b, c]}")])
    assert matches(node, {"b": "x"}, {"c": "x"}, {"a": "x"}) == [True, True, False]


def test_what_a_pipeline_drops_is_left_out() -> None:
    """A rule of which nothing is left is refused, not true of everything."""
    drop = """
name: p
transformations:
  - type: drop_detection_item
    field_name_conditions: [{type: include_fields, fields: [a]}]
"""
    node = selecting("{a: x, b: y}", pipelines=[drop])
    assert matches(node, {"b": "y"}, {}) == [True, False]
    assert problems(rule("  s: {a: x}\n  condition: not s\n"), pipelines=[drop]) == [
        "1.yml:1: detection.condition: nothing is left of the condition after the processing pipelines"
    ]


def test_a_pipeline_may_refuse_a_rule() -> None:
    """The reason that it gives is told."""
    pipeline = "name: p\ntransformations: [{type: rule_failure, message: not here}]\n"
    (problem,) = problems(rule("  s: {a: x}\n  condition: s\n"), pipelines=[pipeline])
    assert problem == "1.yml:1: detection: a processing pipeline refuses it: not here"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- x",
        "a: [",
        "name: p\ntransformations: [{type: nonsense}]",
        "name: p\nnonsense: 1",
        "transformations: 5",
        "a: &a [*a]",
    ],
)
def test_a_pipeline_that_is_none_is_told_by_its_name(text: str) -> None:
    """Nothing is read with half of the pipelines."""
    with pytest.raises(PipelineError, match=r"^pipeline 2: "):
        read(rule("  s: {a: x}\n  condition: s\n"), pipelines=[RENAME.format("one", 10, "{a: b}"), text])


@pytest.mark.parametrize("indent", ["{0}", "{{type: nest, items: [{0}]}}"])
def test_a_pipeline_fetches_nothing(indent: str) -> None:
    """What reads files, asks the network or runs commands for the values of placeholders is none of ours."""
    item = indent.format("{type: http_placeholders, url: 'http://127.0.0.1/'}")
    with pytest.raises(PipelineError, match="cannot be had here; use placeholders"):
        read(rule("  s: {a: x}\n  condition: s\n"), pipelines=[f"name: p\ntransformations: [{item}]\n"])


@pytest.mark.parametrize(
    ("logsource", "selection", "event"),
    [
        ("{category: webserver}", "{cs-method: GET, sc-status: 404}", {"cs-method": "GET", "sc-status": 404}),
        (
            "{category: webserver}",
            "{cs-method: GET, sc-status: 404, c-ip|cidr: 10.0.0.0/8}",
            {"http.request.method": "GET", "http.response.status_code": 404, "source.ip": "10.1.2.3"},
        ),
        ("{category: webserver}", "{cs-uri-query|contains: /etc/}", {"url.original": "/x?f=../etc/passwd"}),
        ("{category: webserver}", "{cs-uri-query: null}", {"url.original": "/x", "url.path": "/x"}),
        ("{category: proxy}", "{c-useragent|startswith: lynx}", {"user_agent.original": "Lynx 1.0"}),
        (
            "{product: linux, category: process_creation}",
            "{Image|endswith: /sh, CommandLine|contains: nc, ParentImage|endswith: /nginx}",
            {
                "process.executable": "/bin/sh",
                "process.command_line": "sh -c nc",
                "process.parent.executable": "/usr/sbin/nginx",
            },
        ),
        ("{product: linux, category: file_event}", "{TargetFilename: /etc/passwd}", {"file.path": "/etc/passwd"}),
        (
            "{product: linux, category: network_connection}",
            "{DestinationIp: 10.0.0.1, DestinationPort: 4444}",
            {"destination.ip": "10.0.0.1", "destination.port": 4444},
        ),
        ("{category: dns}", "{query|endswith: .onion}", {"dns.question.name": "x.onion"}),
        ("{category: firewall}", "{dst_port: 22}", {"destination.port": 22}),
        ("{product: linux, service: sudo}", "{USER|startswith: '#-'}", {"user.effective.name": "#-1"}),
        (
            "{product: kubernetes, category: application, service: audit}",
            "{hostPath: '*', capabilities: NET_RAW, verb: create}",
            {
                "verb": "create",
                "requestObject": {
                    "spec": {
                        "volumes": [{"name": "x"}, {"hostPath": {"path": "/"}}],
                        "containers": [{"securityContext": {"capabilities": {"add": ["NET_RAW"]}}}],
                    }
                },
            },
        ),
        ("{product: linux, service: auditd}", "{type: EXECVE, a0: nc}", {"type": "EXECVE", "a0": "nc"}),
    ],
)
def test_rules_find_the_fields_that_our_collectors_emit(logsource: str, selection: str, event: dict[str, Any]) -> None:
    """With the shipped pipelines a rule is true of an event with Sigma's names of fields, and with ours."""
    found = told(rule(f"  s: {selection}\n  condition: s\n", logsource=logsource), *OURS)
    assert matches(found.condition, event) == [True]


def test_a_pipeline_of_the_user_goes_before_the_shipped_ones() -> None:
    """What it calls a field is what the field is called."""
    found = told(
        rule("  s: {Image: x}\n  condition: s\n", logsource="{category: process_creation}"),
        *OURS,
        RENAME.format("mine", 50, "{Image: exe}"),
    )
    assert matches(found.condition, {"exe": "x"}, {"process.executable": "x"}) == [True, False]


WEB = "title: W\nname: web\nlogsource: {category: webserver}\ndetection: {s: {cs-method: GET}, condition: s}\n---\n"
FLOW = "title: F\nname: flow\nlogsource: {category: firewall}\ndetection: {s: {action: deny}, condition: s}\n---\n"


def test_correlations_name_fields_as_their_rules_do() -> None:
    """Fields to group by and to count are those of the events, though a correlation has no log source itself."""
    text = WEB + (
        "title: C\ncorrelation: {type: value_count, rules: [web], group-by: [c-ip], timespan: 1m,"
        " condition: {field: cs-uri-stem, gte: 5}}\n"
    )
    found = correlation(text, pipelines=OURS)
    (web,) = found.rules
    assert (found.group_by, found.aliases) == (("c-ip",), {"c-ip": {web: "c-ip|source.ip"}})
    assert found.fields == ("cs-uri-stem|url.path",)


def test_a_group_bears_the_name_that_its_author_gave_it() -> None:
    """What a field is called in the events of each rule is known beside; the same goes for aliases."""
    text = (
        WEB
        + FLOW
        + (
            "title: C\ncorrelation: {type: temporal, rules: [web, flow], group-by: [src_ip, cs-host, who], "
            "timespan: 1m, aliases: {who: {web: cs-username, flow: username}}}\n"
        )
    )
    found = correlation(text, pipelines=OURS)
    web, flow = found.rules
    assert found.group_by == ("src_ip", "cs-host", "who")
    assert found.aliases == {
        "src_ip": {web: "src_ip|source.ip", flow: "src_ip|source.ip"},
        "cs-host": {web: "cs-host|url.domain", flow: "cs-host"},
        "who": {web: "cs-username|user.name", flow: "username|user.name"},
    }


def test_a_correlation_over_another_groups_by_the_names_that_this_one_does() -> None:
    """What comes from the inner one bears the author's names; what it does not group by, events still have."""
    text = WEB + (
        "title: I\nname: inner\ncorrelation: {type: event_count, rules: web, group-by: [c-ip], timespan: 1m,"
        " condition: {gte: 5}}\n---\n"
        "title: C\ncorrelation: {type: temporal, rules: [inner, web], group-by: [c-ip, cs-host], timespan: 1m}\n"
    )
    outer = next(each.does for each in rules(text, pipelines=OURS) if each.about.title == "C")
    assert isinstance(outer, Correlation)
    inner, web = outer.rules
    assert outer.aliases == {
        "c-ip": {inner: "c-ip", web: "c-ip|source.ip"},
        "cs-host": {inner: "cs-host|url.domain", web: "cs-host|url.domain"},
    }


def test_fields_for_people_are_named_so_too() -> None:
    """`fields:` of a rule are called what they are called in its events."""
    text = rule(
        "  s: {Image: x}\n  condition: s\n", logsource="{category: process_creation}", more="fields: [User, Other]"
    )
    (found,) = rules(text, pipelines=OURS)
    assert found.about.fields == ("User|user.name", "Other")
