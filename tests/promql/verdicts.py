"""Runs a script of Prometheus' tests against this engine and says of every evaluation what became of it.

As in Prometheus' own runner, metric names are removed in the end. What cannot be loaded (native histograms, start
timestamps) is left out; an evaluation that goes wrong and selects such series is refused by that name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.promql import Answer, PromqlError, Query, Selector, Store, compile_query
from schemas.labels import METRIC_NAME, Labels, canonical
from tests.promql.expectations import Mismatch, any_matches, check_notes, check_value, labelled
from tests.promql.notation import values
from tests.promql.promqltest import Clear, Eval, Load, commands

NATIVE_HISTOGRAMS = "native histograms are not supported"
START_TIMESTAMPS = "start timestamps of samples (experimental in Prometheus) are not supported"

Outcome = Literal["passed", "refused", "failed"]

_KEEP_MS = 10**13
"""Scripts look back as far as they like, so nothing is ever too old."""


class Refused(Exception):
    """The expression, its data or its result need something that is not supported; the text names it."""


@dataclass(frozen=True)
class Verdict:
    asked: Eval
    outcome: Outcome
    detail: str = ""


class Bench:
    """What has been loaded, and which series were left out for what reason."""

    def __init__(self) -> None:
        self.store = Store()
        self.store.retain([Selector((), range_ms=_KEEP_MS)])
        self.left_out: dict[Labels, str] = {}

    def load(self, load: Load) -> None:
        """Of two lines for one series the last holds."""
        for line in load.lines:
            if re.match(r"\S*@st\s", line):
                self.left_out[_labels_of(line.replace("@st", "", 1))] = START_TIMESTAMPS
            elif "{{" in line:
                self.left_out[_labels_of(line)] = NATIVE_HISTOGRAMS
        for labels, text in dict(labelled(line) for line in load.lines if not re.search(r"@st\s|\{\{", line)).items():
            if load.nhcb:
                self.left_out[_as_native(labels)] = NATIVE_HISTOGRAMS
            rows = self.store.rows([labels])
            for nth, value in enumerate(values(text)):
                if value is not None:
                    self.store.append(rows, nth * load.interval_ms, np.array([value]))

    def missing_for(self, query: Query) -> str | None:
        """Why the query cannot have the data that it selects."""
        for labels, reason in self.left_out.items():
            if any(selector.picks(labels) for selector in query.selectors):
                return reason
        return None


def run(script: str) -> Iterator[Verdict]:
    """The verdict on each evaluation."""
    bench = Bench()
    for command in commands(script):
        match command:
            case Clear():
                bench = Bench()
            case Load():
                bench.load(command)
            case Eval():
                yield _verdict(bench, command)


def _verdict(bench: Bench, asked: Eval) -> Verdict:
    try:
        query = compile_query(asked.expr, delayed_name_removal=True)
    except PromqlError as error:
        return _on_refusal(asked, str(error))
    try:
        _check(bench.store, query, asked)
    except (Mismatch, Refused) as problem:
        reason = bench.missing_for(query) or (str(problem) if isinstance(problem, Refused) else None)
        return Verdict(asked, "refused", reason) if reason else Verdict(asked, "failed", str(problem))
    return Verdict(asked, "passed")


def _on_refusal(asked: Eval, error: str) -> Verdict:
    """Refusing is right where Prometheus refuses too, for the same reason."""
    expected = asked.messages.get("fail")
    agrees = expected is not None and (any_matches(expected, error) if expected else "not supported" not in error)
    return Verdict(asked, "passed" if agrees else "refused", error)


def _check(store: Store, query: Query, asked: Eval) -> None:
    if any("{{" in line for line in asked.expected):
        raise Refused(NATIVE_HISTOGRAMS)
    try:
        answer = _ask(store, query, asked)
    except PromqlError as error:
        if "fail" not in asked.messages:
            raise Mismatch(f"failed: {error}") from error
        if not any_matches(asked.messages["fail"], str(error)):
            raise Mismatch(f"failed for another reason: {error}") from error
        return
    if "fail" in asked.messages:
        raise Mismatch(f"expected a failure, got {answer}")
    check_notes(asked, answer.notes)
    check_value(asked, answer.value)


def _ask(store: Store, query: Query, asked: Eval) -> Answer:
    if asked.is_range:
        return query.over(store, asked.start_ms, asked.end_ms, asked.step_ms)
    return query.instant(store, asked.start_ms)


def _labels_of(line: str) -> Labels:
    return labelled(line)[0]


def _as_native(labels: Labels) -> Labels:
    """The histogram that a classic bucket, count or sum belongs to."""
    others = {name: value for name, value in labels if name != "le"}
    return canonical(others | {METRIC_NAME: re.sub("_(bucket|count|sum)$", "", others.get(METRIC_NAME, ""))})
