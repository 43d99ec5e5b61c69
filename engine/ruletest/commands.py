"""Commands and decisions against those that a case expects: of each only what the case gives is compared."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from engine.core.resolve import REVERT_AFTER
from engine.ruletest.cases import Failure
from engine.ruletest.compare import Difference
from engine.ruletest.model import CommandCase, ExpectedCommand, ExpectedDecision
from schemas.audit import AuditEntry
from schemas.commands import Command
from schemas.durations import duration


def check_commands(
    nth: int, case: CommandCase, sent: Sequence[Command], decided: Sequence[AuditEntry]
) -> Iterator[Failure]:
    """What was sent and decided since the case before, in its order, against the group's command case `nth`."""
    at = duration(case.eval_time_ms)
    wanted = tuple(map(_wanted_command, case.exp_commands))
    got = tuple(_command(*pair) for pair in zip_longest(sent, case.exp_commands) if pair[0])
    if wanted != got:
        yield Failure(("command_test", nth), f"commands until {at}", Difference(wanted, got))
    if case.exp_decisions is None:
        return
    wanted = tuple(map(_wanted_decision, case.exp_decisions))
    got = tuple(_decision(*pair) for pair in zip_longest(decided, case.exp_decisions) if pair[0])
    if wanted != got:
        yield Failure(("command_test", nth, "exp_decisions"), f"decisions until {at}", Difference(wanted, got))


def _wanted_command(expected: ExpectedCommand) -> str:
    return _line(expected.verb, expected.target, expected.args or {}, expected.condition or {})


def _command(command: Command, expected: ExpectedCommand | None) -> str:
    """The command in as many words as `expected` has; in full where nothing is expected."""
    with_args = expected is None or expected.args is not None
    with_condition = expected is None or expected.condition is not None
    revert = {} if command.revert_after_ms is None else {REVERT_AFTER: duration(command.revert_after_ms)}
    return _line(
        command.verb,
        command.target,
        command.args | revert if with_args else {},
        command.condition if with_condition else {},
    )


def _line(verb: str, target: str, args: Mapping[str, object], condition: Mapping[str, object]) -> str:
    words = [verb, target, *(f"{name}={_text(value)}" for name, value in sorted(args.items()))]
    conditions = " and ".join(f"{name} = {_text(value)}" for name, value in sorted(condition.items()))
    return " ".join(words) + (f" if {conditions}" if conditions else "")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _wanted_decision(expected: ExpectedDecision) -> str:
    given = (expected.rule, expected.verb, expected.target)
    return " ".join([expected.reason, *(word for word in given if word is not None)])


def _decision(entry: AuditEntry, expected: ExpectedDecision | None) -> str:
    words = {"rule": entry.rule.rpartition("/")[2], "verb": entry.verb, "target": entry.target}
    given = [word for name, word in words.items() if expected is None or getattr(expected, name) is not None]
    return " ".join([str(entry.reason), *given])
