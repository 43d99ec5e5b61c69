"""Rules over events: Sigma files as they are, and those in our own files."""

from pathlib import Path

import pytest

from engine.core.program import EventRule, Program
from engine.rulefile import RuleErrors, SigmaCache, load, load_all
from engine.sigma.model import Correlation, Detection, LogSource
from engine.template import parse
from tests.rulefile.verbs import VERBS

SIGMA = """\
title: "Log: cleared with {{ braces }}"
id: 2c2a5b3e-6f0f-4a88-9a3d-0d8a1f7b7f10
status: test
description: Somebody covers tracks.
references: [https://example.org/a]
author: Ann
tags: [attack.defense-evasion, attack.t1070.002, cve.2021-44228]
logsource: {product: Linux, service: auditd}
detection:
  sel: {a0|contains: shred}
  condition: sel
falsepositives: [Backups, Tests]
level: high
"""

SPRAY = """\
groups:
- name: ssh
  labels: {team: sec}
  rules:
  - alert: Spray
    logsource: {product: linux, service: sshd}
    detection: {sel: {message|contains: Failed password}, condition: sel}
    correlation: {type: value_count, group-by: [source.ip], timespan: 10m, condition: {field: user.name, gte: 10}}
    labels: {severity: page}
    annotations: {summary: "{{ $labels.source_ip }}"}
"""


def loaded(**files: str) -> Program:
    return load({f"{name}.yml": text for name, text in files.items()}, VERBS)


def only(program: Program) -> EventRule:
    (rule,) = [rule for rule in program.events if rule.raises]
    return rule


def test_a_sigma_file_is_a_rule_file() -> None:
    """Title, level, log source and tags become name and labels, the rest annotations; braces are no template."""
    rule = only(loaded(a=SIGMA))
    assert (rule.id, rule.source) == ("2c2a5b3e-6f0f-4a88-9a3d-0d8a1f7b7f10", "a.yml:1")
    rendered = {name: parse(text).render({}, 0) for name, text in (rule.labels | rule.annotations).items()}
    assert rendered == {
        "severity": "high",
        "product": "linux",
        "service": "auditd",
        "attack_tactic": "defense-evasion",
        "attack_technique": "T1070.002",
        "tags": "cve.2021-44228",
        "summary": "Log: cleared with {{ braces }}",
        "description": "Somebody covers tracks.",
        "status": "test",
        "false_positives": "Backups; Tests",
        "references": "https://example.org/a",
        "author": "Ann",
        "rule_id": "2c2a5b3e-6f0f-4a88-9a3d-0d8a1f7b7f10",
    }


def test_an_alert_with_a_correlation_is_two_rules() -> None:
    """The detection raises nothing of its own; the alert has the labels of group and rule, and lasts as long as it
    looks back.
    """
    program = loaded(a=SPRAY)
    base, spray = sorted(program.events, key=lambda rule: rule.raises)
    assert isinstance(base.does, Detection)
    assert base.does.logsource == LogSource("linux", "", "sshd")
    assert isinstance(spray.does, Correlation)
    assert spray.does.rules == (base.id,)
    assert (spray.name, spray.group, spray.labels) == ("Spray", "ssh", {"team": "sec", "severity": "page"})
    assert spray.keep_firing_for_ms == 600_000


def test_an_edit_of_what_it_says_of_itself_leaves_a_rule_the_same() -> None:
    """The id is a digest of what triggers it."""
    edited = SPRAY.replace("severity: page", "severity: info").replace("summary", "title")
    assert only(loaded(a=SPRAY)).id == only(loaded(a=edited)).id
    assert only(loaded(a=SPRAY)).id != only(loaded(a=SPRAY.replace("gte: 10", "gte: 11"))).id


def test_a_correlation_may_name_rules_of_sigma_files() -> None:
    """By id or name, across files and formats."""
    ours = """\
groups:
- name: g
  rules:
  - alert: Often
    correlation:
      type: event_count
      rules: [2c2a5b3e-6f0f-4a88-9a3d-0d8a1f7b7f10]
      timespan: 1m
      condition: {gte: 3}
"""
    program = loaded(a=SIGMA, b=ours)
    assert [rule.raises for rule in program.events] == [False, True]
    assert only(program).does.rules == ("2c2a5b3e-6f0f-4a88-9a3d-0d8a1f7b7f10",)  # type: ignore[union-attr]


def test_a_recorded_detection_is_a_log_metric() -> None:
    """`record` with a detection counts; `value` names what is summed."""
    text = """\
groups:
- name: g
  rules:
  - record: ssh_failures_total
    logsource: {product: linux}
    detection: {sel: {message|contains: Failed}, condition: sel}
    value: bytes
    labels: {user: "{{ $labels.user_name }}"}
"""
    program = loaded(a=text)
    (counter,) = program.counters
    assert (counter.name, counter.value, counter.labels) == (
        "ssh_failures_total",
        "bytes",
        {"user": "{{ $labels.user_name }}"},
    )
    assert program.events == ()


def test_a_heal_rule_may_be_about_an_alert_of_events() -> None:
    """Its alerts count among those that there are."""
    heal = """\
groups:
- name: h
  rules:
  - heal: Contain
    alert: Spray
    steps: [{page: {receiver: oncall}}]
"""
    assert loaded(a=SPRAY, b=heal).heals[0].alert == "Spray"


def test_a_sigma_rule_that_cannot_be_run_takes_no_other_with_it() -> None:
    """It is left out, with its place and the reason; `load` is strict, for who checks."""
    broken = SIGMA.replace("contains", "sounds").replace("7f10", "7f11")
    files = {"a.yml": SIGMA, "b.yml": broken}
    found = load_all(files, VERBS, SigmaCache())
    assert [rule.source for rule in found.program.events] == ["a.yml:1"]
    (left_out,) = found.left_out
    assert str(left_out).startswith('b.yml:10:20: detection.sel."a0|sounds": there is no modifier')
    with pytest.raises(RuleErrors, match="no modifier"):
        load(files, VERBS)


def test_a_sigma_file_that_is_not_yaml_takes_no_other_with_it() -> None:
    """Nor does one that cannot be read at all."""
    found = load_all({"a.yml": SIGMA, "b.yml": "title: [\ndetection: {"}, VERBS, SigmaCache())
    assert len(found.program.events) == 1
    assert [error.path for error in found.left_out] == ["b.yml"]


def test_pipelines_beside_the_rules_map_their_fields() -> None:
    """A file of transformations is a processing pipeline; one that is none is a mistake of ours."""
    pipeline = "name: p\ntransformations:\n- type: field_name_mapping\n  mapping: {a0: process.args}\n"
    rule = only(loaded(a=SIGMA, p=pipeline))
    assert "process.args" in str(rule.does)
    with pytest.raises(RuleErrors, match=r"p\.yml"):
        loaded(a=SIGMA, p="transformations:\n- type: no_such\n")


def test_a_file_of_variables_beside_the_rules_gives_placeholders_their_values() -> None:
    """So nothing else need be configured for `expand`."""
    text = SIGMA.replace("a0|contains: shred", "a0|expand: '%tools%'")
    rule = only(loaded(a=text, vars="vars:\n  tools: [shred, wipe]\n"))
    assert "wipe" in str(rule.does)
    assert not load_all({"a.yml": text, "b.yml": "vars: {tools: shred}\n"}, VERBS, SigmaCache()).notes


def test_what_was_read_is_kept(tmp_path: Path) -> None:
    """A second reading gives the same, from what the first has left."""
    first = load_all({"a.yml": SIGMA, "b.yml": SPRAY}, VERBS, SigmaCache(tmp_path))
    assert list(tmp_path.iterdir())
    assert load_all({"a.yml": SIGMA, "b.yml": SPRAY}, VERBS, SigmaCache(tmp_path)) == first


def test_numbers_and_words_are_what_yaml_says() -> None:
    """`4625` is a number, `'4625'`, `00000429` and `no` are text."""
    text = SIGMA.replace("a0|contains: shred", "{a: 4625, b: '4625', c: 00000429, d: no, e: 1e3, f: true, g: null}")
    text = text.replace("sel: {{", "sel: {").replace("}}\n  condition", "}\n  condition")
    said = str(only(loaded(a=text)).does)
    for part in ("value=4625", "'4625'", "'00000429'", "'no'", "1000", "'true'", "Null(field='g')"):
        assert part in said
