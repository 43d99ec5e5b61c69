"""One test file from disk to its verdict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine import rulefile
from engine.core.program import Program, Settings
from engine.core.verbs import Verbs
from engine.rulefile import RuleErrors
from engine.ruletest import files, live, promtool
from engine.ruletest.cases import Failure
from engine.ruletest.model import UnitTestGroup
from engine.ruletest.read import Document, read


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a test file: how many cases it has, and what is wrong, each beginning with `file:line:col`."""

    path: str
    cases: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.problems


def run(path: Path, verbs: Verbs, *, on_arrival: bool = False) -> Verdict:
    """Run one file: on promtool's clock, or with `on_arrival` on the live one. Commands only exist on the live one.

    `verbs` are those that `heal` rules can command.
    """
    try:
        document = read(path.as_posix(), files.text_of(path))
        named = files.rule_files(path, document.file.rule_files)
        rules = rulefile.load(rulefile.read([found for each in named.values() for found in each]), verbs)
    except RuleErrors as errors:
        return Verdict(path.as_posix(), 0, tuple(map(str, errors.errors)))
    settings = Settings(evaluation_interval_ms=document.file.tick_ms)
    program = msgspec.structs.replace(rules, settings=settings)
    problems = tuple(
        problem
        for nth, group in enumerate(document.file.tests)
        for problem in _problems(document, nth, group, program, on_arrival=on_arrival)
    )
    return Verdict(path.as_posix(), _count(document), problems, tuple(_warnings(document, named, program)))


def _problems(
    document: Document, nth: int, group: UnitTestGroup, program: Program, *, on_arrival: bool
) -> Iterator[str]:
    title = f'test "{group.name}"' if group.name else f"test #{nth + 1}"
    for failure in _failures(document, group, program, on_arrival=on_arrival):
        place = document.place(("tests", nth, *failure.path))
        between = " " if isinstance(failure.found, str) else "\n"
        yield f"{place}: {title}: {failure.what}:{between}{failure.found}"


def _failures(document: Document, group: UnitTestGroup, program: Program, *, on_arrival: bool) -> Iterator[Failure]:
    settings = msgspec.structs.replace(
        program.settings, external_labels=dict(group.external_labels), external_url=group.external_url
    )
    program = msgspec.structs.replace(program, settings=settings)
    if on_arrival or group.input_events:  # promtool's clock knows no events
        yield from live.check(program, document.file, group)
        return
    yield from promtool.check(program, document.file, group)
    yield from live.check(program, document.file, group, only_commands=True)


def _warnings(document: Document, named: Mapping[str, list[Path]], program: Program) -> Iterator[str]:
    """What promtool lets pass, and what is most likely a slip."""
    for nth, pattern in enumerate(document.file.rule_files):
        if not named[pattern]:
            yield f"{document.place(('rule_files', nth))}: no file matches {pattern}"
    known = {rule.name for rule in program.alerting}
    for nth, group in enumerate(document.file.tests):
        for number, case in enumerate(group.alert_rule_test):
            if case.alertname not in known:
                path = ("tests", nth, "alert_rule_test", number, "alertname")
                yield f"{document.place(path)}: no rule defines the alert {case.alertname}"


def _count(document: Document) -> int:
    return sum(
        len(group.alert_rule_test) + len(group.promql_expr_test) + len(group.command_test)
        for group in document.file.tests
    )
