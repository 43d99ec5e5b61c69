"""Rules and alerts over HTTP, in the groups of their files."""

from typing import Any

import pytest

from engine.core.program import Program
from engine.rulefile import load
from schemas.events import Event, Events
from tests.api.asking import Asker, shop
from tests.core.story import Story
from tests.rulefile.verbs import VERBS

FILES = {
    "rules/first.yaml": """
groups:
- name: shop
  interval: 15s
  limit: 10
  labels: {team: infra}
  rules:
  - record: up:count
    expr: count  by(workload) (up)
  - alert: Down
    expr: up == 0
    for: 90s
    keep_firing_for: 500ms
    labels: {severity: page, who: "{{ $labels.replica }}"}
    annotations: {summary: "{{ $labels.replica }} is down"}
  - heal: Restart
    alert: Down
    steps: [page: {receiver: oncall}]
  - alert: Low
    expr: up:count < 3
- name: healing
  rules:
  - heal: Page
    alert: Low
    steps: [page: {receiver: oncall}]
""",
    "rules/second.yaml": """
groups:
- name: broken
  rules:
  - alert: Broken
    expr: label_replace(up, "replica", "", "", "") > 0
""",
}
ACTIVE_AT = "2023-11-14T22:13:55.254Z"
"""When the rule was evaluated first with the replica down: on its grid, which depends on its name."""
DOWN = {
    "labels": {
        "alertname": "Down",
        "replica": "1",
        "severity": "page",
        "team": "infra",
        "who": "1",
        "workload": "shop",
    },
    "annotations": {"summary": "1 is down"},
    "state": "pending",
    "activeAt": ACTIVE_AT,
    "value": "0e+00",
}


def program() -> Program:
    return load(FILES, VERBS)


def asker() -> Asker:
    """A shop with these rules, each of which was evaluated since one replica went down."""
    story = shop(program())
    story.tick(15)
    return Asker(story)


async def groups(**asked: Any) -> list[Any]:
    found: list[Any] = (await asker().data("rules", **asked))["groups"]
    return found


async def names(**asked: Any) -> list[str]:
    """The rules that are found, as `group/rule`."""
    return [f"{group['name']}/{rule['name']}" for group in await groups(**asked) for rule in group["rules"]]


async def test_rules_come_in_groups_in_the_order_of_their_file() -> None:
    """A group has its file, interval and limit; healing rules, which Prometheus does not know, are left out."""
    first, second = await groups()
    assert first | {"rules": []} == {
        "name": "shop",
        "file": "rules/first.yaml",
        "rules": [],
        "interval": 15,
        "limit": 10,
        "evaluationTime": 0,
        "lastEvaluation": first["lastEvaluation"],
    }
    assert [rule["name"] for rule in first["rules"]] == ["up:count", "Down", "Low"]
    assert (second["name"], second["file"]) == ("broken", "rules/second.yaml")


async def test_a_rule_has_what_prometheus_tells_of_it() -> None:
    """A recording rule its expression and health, an alerting rule its state and active alerts too."""
    record, down, low = (await groups())[0]["rules"]
    assert record | {"lastEvaluation": ""} == {
        "name": "up:count",
        "query": "count by (workload) (up)",
        "labels": {"team": "infra"},
        "health": "ok",
        "evaluationTime": 0,
        "lastEvaluation": "",
        "type": "recording",
    }
    assert down | {"lastEvaluation": ""} == {
        "state": "pending",
        "name": "Down",
        "query": "up == 0",
        "duration": 90,
        "keepFiringFor": 0.5,
        "labels": {"severity": "page", "team": "infra", "who": "{{ $labels.replica }}"},
        "annotations": {"summary": "{{ $labels.replica }} is down"},
        "alerts": [DOWN],
        "health": "ok",
        "evaluationTime": 0,
        "lastEvaluation": "",
        "type": "alerting",
    }
    assert (low["state"], low["alerts"][0]["value"]) == ("firing", "2e+00")


async def test_a_rule_that_fails_tells_its_error() -> None:
    """Its health is `err`, and the error is the one of its last evaluation."""
    (broken,) = (await groups())[1]["rules"]
    assert (broken["health"], broken["state"], broken["alerts"]) == ("err", "inactive", [])
    assert broken["lastError"] == "vector cannot contain metrics with the same labelset"


EVERY = ["shop/up:count", "shop/Down", "shop/Low", "broken/Broken"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, EVERY),
        ({"type": "alert"}, ["shop/Down", "shop/Low", "broken/Broken"]),
        ({"type": "RECORD"}, ["shop/up:count"]),
        ({"rule_name__": ["Low", "Broken"]}, ["shop/Low", "broken/Broken"]),
        ({"rule_group__": "broken"}, ["broken/Broken"]),
        ({"file__": "rules/first.yaml"}, ["shop/up:count", "shop/Down", "shop/Low"]),
        ({"file__": "rules/third.yaml"}, []),
        ({"match__": '{team="infra"}', "type": "record"}, ["shop/up:count"]),
        ({"match__": ['{severity="page"}', '{severity="warn"}']}, ["shop/Down"]),
        ({"match__": '{who="1"}'}, []),
    ],
)
async def test_filters_leave_out_rules_and_groups_without_any(asked: dict[str, Any], found: list[str]) -> None:
    """By kind, name, group, file, or the labels that the rule itself has."""
    assert await names(**asked) == found


async def test_alerts_can_be_left_out() -> None:
    """Then a rule has none, rather than an empty list."""
    (shop_group, _) = await groups(exclude_alerts="true")
    assert shop_group["rules"][1]["alerts"] is None


async def test_groups_come_page_by_page() -> None:
    """Each page names the next, by the group that it begins with."""
    first = await asker().data("rules", group_limit=1)
    last = await asker().data("rules", group_limit=1, group_next_token=first["groupNextToken"])
    assert [group["name"] for page in (first, last) for group in page["groups"]] == ["shop", "broken"]
    assert "groupNextToken" not in last


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"type": "x"}, 'invalid parameter "type": not supported value "x"'),
        (
            {"exclude_alerts": "x"},
            'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "x": '
            "invalid syntax",
        ),
        ({"group_limit": "0"}, 'invalid parameter "group_limit": group_limit needs to be greater than 0'),
        (
            {"group_limit": "1", "group_next_token": "x"},
            "invalid parameter \"group_next_token\": invalid group_next_token 'x'. were rule groups changed?",
        ),
    ],
)
async def test_what_is_wrong_with_a_request_is_told(wrong: dict[str, Any], text: str) -> None:
    """The status is 400, the type `bad_data`, and the text names the parameter."""
    assert await asker().refused("rules", **wrong) == (400, "bad_data", text)


async def test_alerts_come_in_the_order_of_their_rules() -> None:
    """Pending and firing ones, each with its value in scientific notation."""
    found = (await asker().data("alerts"))["alerts"]
    assert [alert["labels"]["alertname"] for alert in found] == ["Down", "Low"]
    assert found[0] == DOWN


async def test_an_alert_that_is_kept_firing_tells_since_when() -> None:
    """Its condition has cleared, and it still fires."""
    files = {"rules.yaml": "groups: [{name: g, rules: [{alert: Low, expr: absent(down), keep_firing_for: 1h}]}]"}
    story = shop(load(files, VERBS))
    story.tick(15)
    story.scrape({(("__name__", "down"),): 1.0})
    story.tick(15)
    (low,) = (await Asker(story).data("alerts"))["alerts"]
    assert low["state"] == "firing"
    assert low["keepFiringSince"] > low["activeAt"]


async def test_rules_over_events_are_among_those_that_alert() -> None:
    """A Sigma rule has its labels and alerts as any other; what it looks at stands where the expression would."""
    sigma = "title: Sudo\nlogsource: {product: linux, service: sudo}\nlevel: high\n"
    sigma += "detection: {sel: {message: x}, condition: sel}\n"
    story = Story(load({"rules/sudo.yml": sigma}, {}))
    event = Event(id="1", source="s", type="t", product="linux", service="sudo", data={"message": "x"})
    story.tell(Events((event,)))
    asked = Asker(story)
    (group,) = (await asked.data("rules"))["groups"]
    (rule,) = group["rules"]
    assert (rule["name"], rule["type"], rule["state"], rule["query"]) == (
        "Sudo",
        "alerting",
        "firing",
        "events of linux/*/sudo",
    )
    (found,) = (await asked.data("alerts"))["alerts"]
    assert found["labels"]["severity"] == "high"
    assert found["annotations"]["event"] == "x"
