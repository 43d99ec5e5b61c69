"""Relabelling: every action, anchored, with Go's templates."""

import pytest
from pydantic import ValidationError

from collectors.prometheus.relabel import RelabelConfig, relabel

LABELS = {"a": "foo", "b": "bar", "c": "baz"}


def relabelled(labels: dict[str, str], *rules: dict[str, object]) -> dict[str, str] | None:
    labels = dict(labels)
    kept = relabel(labels, [RelabelConfig.model_validate(rule) for rule in rules])
    return labels if kept else None


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        (
            {"source_labels": ["a"], "regex": "f(.*)", "target_label": "d", "replacement": "ch${1}-ch$1"},
            {"d": "choo-choo"},
        ),
        ({"source_labels": ["a", "b"], "target_label": "d"}, {"d": "foo;bar"}),
        ({"source_labels": ["a", "b"], "separator": "@", "target_label": "d"}, {"d": "foo@bar"}),
        ({"source_labels": ["a"], "regex": "o(.*)", "target_label": "d"}, {}),
        ({"source_labels": ["a"], "regex": "fo", "target_label": "d"}, {}),
        ({"target_label": "d", "replacement": "constant"}, {"d": "constant"}),
        ({"source_labels": ["none"], "target_label": "a"}, {"a": ""}),
        ({"target_label": "a", "replacement": ""}, {"a": ""}),
        ({"source_labels": ["a"], "regex": "(.)(.*)", "target_label": "${1}x", "replacement": "$2$9$$"}, {"fx": "oo$"}),
        ({"source_labels": ["a"], "regex": "(?P<first>.).*", "target_label": "d", "replacement": "$first"}, {"d": "f"}),
        ({"source_labels": ["a"], "target_label": "$none", "replacement": "x"}, {}),
        ({"source_labels": ["a"], "regex": "(.*)", "target_label": "d", "replacement": "$1x"}, {"d": ""}),
        ({"source_labels": ["c"], "action": "hashmod", "modulus": 1000, "target_label": "d"}, {"d": "976"}),
        ({"source_labels": ["a"], "action": "Uppercase", "target_label": "a"}, {"a": "FOO"}),
        ({"action": "labelmap", "regex": "(b|c)", "replacement": "my_$1"}, {"my_b": "bar", "my_c": "baz"}),
        ({"action": "labeldrop", "regex": "b|c"}, {"b": "", "c": ""}),
        ({"action": "labelkeep", "regex": "a"}, {"b": "", "c": ""}),
        ({"source_labels": ["n"], "regex": 404, "target_label": "d", "replacement": 1}, {}),
        ({"source_labels": ["a"], "regex": "(?i)FOO", "target_label": "d", "replacement": "$0"}, {"d": "foo"}),
    ],
)
def test_what_a_rule_changes(rule: dict[str, object], changed: dict[str, str]) -> None:
    """An empty value here is a label that is gone."""
    expected = {name: value for name, value in (LABELS | changed).items() if value}
    assert relabelled(LABELS, rule) == expected


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ({"action": "keep", "source_labels": ["a"], "regex": "f.o"}, True),
        ({"action": "keep", "source_labels": ["a"], "regex": "f"}, False),
        ({"action": "drop", "source_labels": ["a"], "regex": "f.o"}, False),
        ({"action": "drop", "source_labels": ["a"], "regex": "o"}, True),
        ({"action": "drop", "source_labels": ["none"], "regex": ""}, False),
        ({"action": "keepequal", "source_labels": ["a"], "target_label": "same"}, True),
        ({"action": "keepequal", "source_labels": ["a"], "target_label": "b"}, False),
        ({"action": "dropequal", "source_labels": ["a"], "target_label": "same"}, False),
        ({"action": "dropequal", "source_labels": ["a"], "target_label": "b"}, True),
    ],
)
def test_what_a_rule_drops(rule: dict[str, object], *, kept: bool) -> None:
    """Rules that decide leave the labels as they are."""
    labels = LABELS | {"same": "foo"}
    assert relabelled(labels, rule) == (labels if kept else None)


def test_rules_apply_in_their_order() -> None:
    """Each sees what the one before has left; what is dropped stays dropped."""
    hide: dict[str, object] = {"source_labels": ["a"], "target_label": "a", "replacement": "hidden"}
    drop: dict[str, object] = {"action": "drop", "source_labels": ["a"], "regex": "foo"}
    assert relabelled(LABELS, hide, drop) == LABELS | {"a": "hidden"}
    assert relabelled(LABELS, drop, hide) is None


def test_targets_are_divided_as_prometheus_divides_them() -> None:
    """`hashmod` is the last 8 bytes of the MD5 sum, so that both may share one configuration."""
    rule: dict[str, object] = {
        "action": "hashmod",
        "source_labels": ["a"],
        "target_label": "shard",
        "modulus": 2**64 - 1,
    }
    # md5("") = d41d8cd98f00b204 e9800998ecf8427e
    assert relabelled({}, rule) == {"shard": str(0xE9800998ECF8427E)}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"action": "replace"}, "action replace needs target_label"),
        ({"action": "hashmod", "target_label": "a"}, "needs a modulus above 0"),
        ({"action": "lowercase", "target_label": "a", "replacement": "x"}, "takes no replacement"),
        ({"action": "labeldrop", "regex": "a", "target_label": "b"}, "takes only regex, not target_label"),
        (
            {"action": "keepequal", "target_label": "b", "regex": "b"},
            "takes only source_labels, target_label, not regex",
        ),
        ({"action": "explode"}, "Input should be 'replace'"),
        ({"action": "drop", "regex": "("}, "regular expression"),
        ({"action": "drop", "regex": ")"}, r"unexpected \)"),
        ({"action": "drop", "regex": "(?=a)"}, "invalid perl operator"),
        ({"action": "drop", "regex": r"(a)\1"}, "invalid escape sequence"),
        ({"action": "drop", "regexp": "a"}, "Extra inputs are not permitted"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(rule: dict[str, object], why: str) -> None:
    """When the configuration is read, not at the first scrape."""
    with pytest.raises(ValidationError, match=why):
        RelabelConfig.model_validate(rule)
