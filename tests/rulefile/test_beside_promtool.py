"""Rule files that `promtool check rules` accepts and refuses, asked of promtool itself where it is installed."""

import re
import subprocess
from itertools import product
from pathlib import Path

from engine.rulefile import RuleErrors, load
from tests.peers import installed

FIELDS = ("for", "keep_firing_for", "labels", "annotations", "record", "alert", "expr", "nonsense")
GROUP_FIELDS = ("name", "interval", "limit", "labels", "rules", "nonsense")
VALUES = (
    "", "~", "''", "x", "5", "-5", "5.5", "'5'", "0x10", "true", "5m", "1h30m", "30m1h", "1.5h", "300y", "[]", "[~]",
    "{}", "{a: b}", "{a: ~}", "{~: b}", "{'': b}", "{1: 2}", "{a.b: c}", "{__name__: x}", "{a: [b]}", "{a: b, a: c}",
    "'{{ $value }}'", "{a: '{{ $x }}'}", "{a: '{{ 1 2 }}'}", "{a: '{{ define \"x\" }}{{ end }}'}", "up{", "up > 1",
    "'{\"a.b\", c=\"d\"}'", "'up{a=~\"b++\"}'", "&a x", "*a", "!!str 5", "2020-01-01", "a: b",
)  # fmt: skip
OTHERWISE = {
    ("group", "labels", "{a: '{{ $x }}'}"),  # refused: the labels of a group are templates of its alerts
    ("rule", "expr", "300y"),  # accepted: a number of seconds, however large
}


def promtool() -> str:
    return installed("promtool", "prometheus", at_least=(3, 5, 0))


def in_rule(field: str, value: str) -> str:
    others = "".join(f"    {each}: {'A' if each == 'alert' else 'up'}\n" for each in ("alert", "expr") if each != field)
    return f"groups:\n- name: g\n  rules:\n  - {field}: {value}\n{others}"


def in_group(field: str, value: str) -> str:
    others = "  name: g\n" if field != "name" else ""
    return f"groups:\n- {field}: {value}\n{others}" + ("" if field == "rules" else "  rules: [{alert: A, expr: up}]\n")


def accepted(text: str) -> bool:
    try:
        load({"rules.yaml": text}, {})
    except RuleErrors:
        return False
    return True


def test_the_verdict_is_promtools(tmp_path: Path) -> None:
    """Each field with each of many values, most of them wrong, is accepted or refused as promtool does."""
    cases = [
        (where, field, value, text(field, value))
        for where, fields, text in (("rule", FIELDS, in_rule), ("group", GROUP_FIELDS, in_group))
        for field, value in product(fields, VALUES)
        if (where, field, value) not in OTHERWISE
    ]
    paths = [tmp_path / f"{nth}.yaml" for nth in range(len(cases))]
    for path, (*_, text) in zip(paths, cases, strict=True):
        path.write_text(text)
    ran = subprocess.run(
        [promtool(), "check", "rules", "--lint=none", *map(str, paths)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    theirs = {int(nth): verdict == "SUCCESS" for nth, verdict in _VERDICT.findall(ran.stdout)}
    assert len(theirs) == len(cases)
    ours = {nth: accepted(text) for nth, (*_, text) in enumerate(cases)}
    assert [cases[nth] for nth in theirs if theirs[nth] != ours[nth]] == []


_VERDICT = re.compile(r"^Checking \S+/(\d+)\.yaml\n  (SUCCESS|FAILED)", re.MULTILINE)
