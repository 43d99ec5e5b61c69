"""From a file to what is raised: that the parser and the correlator mean the same."""

from typing import Any

import pytest

from engine.sigma.documents import Document
from engine.sigma.model import Correlation
from engine.sigma.parse import parse
from tests.sigma.correlating import Story, groups, values, when


def detection(name: str) -> dict[str, Any]:
    return {
        "title": f"Rule {name}",
        "name": name,
        "logsource": {"product": "linux", "service": "sshd"},
        "detection": {"selection": {"message": name}, "condition": "selection"},
    }


def above(name: str, **says: Any) -> dict[str, Any]:
    said = {key.replace("group_by", "group-by"): value for key, value in says.items()}
    return {
        "title": f"Correlation {name}",
        "name": name,
        "correlation": {"timespan": "1m", "group-by": ["user"]} | said,
    }


def read(*contents: dict[str, Any]) -> tuple[Story, dict[str, str]]:
    """The story of all correlations, and the ids of rules by name."""
    rules, problems = parse(Document("rules.yml", line, content) for line, content in enumerate(contents, start=1))
    assert problems == ()
    ids = {rule.about.title.split()[-1]: rule.id for rule in rules}
    return Story(**{rule.id: rule.does for rule in rules if isinstance(rule.does, Correlation)}), ids


def test_a_chain_of_correlations_is_read_and_raised() -> None:
    """Failures, then a success, by an alias that each rule has under another name."""
    story, ids = read(
        above(
            "breach",
            type="temporal_ordered",
            rules=["guessed", "opened"],
            group_by=["who"],
            aliases={"who": {"guessed": "user", "opened": "account"}},
        ),
        above("guessed", type="event_count", rules=["failed"], condition={"gte": 3}),
        detection("failed"),
        detection("opened"),
    )
    assert [each.rule for each in story.every(0, 1, 2, rule=ids["failed"])] == [ids["guessed"]]
    assert groups(story.tell(ids["opened"], 3, user="root", account="ann")) == [{"who": "ann"}]


def test_a_temporal_correlation_is_of_all_its_rules() -> None:
    """Or of those that its condition names."""
    story, ids = read(
        above("all", type="temporal", rules=["a", "b"]),
        above("either", type="temporal", rules=["a", "b"], condition="a or b"),
        *map(detection, "ab"),
    )
    assert [each.rule for each in story.tell(ids["a"], 0)] == [ids["either"]]
    assert {each.rule for each in story.tell(ids["b"], 1)} == {ids["all"], ids["either"]}


def test_percentiles_and_absences_are_read() -> None:
    """Both of one rule."""
    story, ids = read(
        above("slow", type="value_percentile", rules=["a"], condition={"field": "took", "percentile": 100, "gte": 5}),
        above("gone", type="absence", rules=["a"]),
        detection("a"),
    )
    assert values([*story.tell(ids["a"], 0, took=4), *story.tell(ids["a"], 1, took=6)]) == [6]
    assert when(story.wait(100), ids["gone"]) == [61]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("not a", "of rules that occur, got one that holds without any"),
        ("a and not a", "that can hold, got one that contradicts itself"),
    ],
)
def test_an_ordered_condition_that_cannot_be_run_is_a_mistake_of_its_file(condition: str, expected: str) -> None:
    """It is refused where it stands, and not when it is to run."""
    document = above("odd", type="temporal_ordered", rules=["a"], condition=condition)
    _, problems = parse([Document("rules.yml", 1, document), Document("rules.yml", 9, detection("a"))])
    assert [str(problem) for problem in problems] == [
        f"rules.yml:1: correlation.condition: expected an ordered condition {expected}"
    ]
