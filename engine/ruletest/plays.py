"""The runs of playbooks that a test asks for, the people who let them go on, and what must have become of them."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from engine.core import steps
from engine.core.approvals import waits_as
from engine.core.parameters import ParametersInvalid, bound
from engine.core.program import Program
from engine.core.runs import Run
from engine.core.state import State
from engine.ruletest.cases import Failure
from engine.ruletest.compare import Difference
from engine.ruletest.model import CommandCase, ExpectedRun, PlayRequest, UnitTestGroup
from schemas.control import Approve, Play
from schemas.durations import duration


class _Coming(NamedTuple):
    """Somebody does something. Who asks comes before who answers at the same time."""

    time_ms: int
    order: int
    nth: int


class People:
    """What people do during a group of tests, taken as time goes on."""

    def __init__(self, group: UnitTestGroup) -> None:
        self._group = group
        plays = [_Coming(group.start_ms + each.at_ms, 0, nth) for nth, each in enumerate(group.plays)]
        answers = [_Coming(group.start_ms + each.at_ms, 1, nth) for nth, each in enumerate(group.approvals)]
        self._rest = sorted([*plays, *answers], reverse=True)

    @property
    def next_ms(self) -> int | None:
        """When the next of them comes; None after the last."""
        return self._rest[-1].time_ms if self._rest else None

    def until(self, now_ms: int, state: State) -> Iterator[Play | Approve]:
        """What they say up to now and have not said before. An answer is to all that waits for one at its time."""
        while self._rest and self._rest[-1].time_ms <= now_ms:
            coming = self._rest.pop()
            if coming.order == 0:
                yield _play(coming.nth, self._group.plays[coming.nth])
            else:
                yield from self._answers(coming.nth, state)

    def _answers(self, nth: int, state: State) -> Iterator[Approve]:
        answer = self._group.approvals[nth]
        waiting = [waits_as(ladder) for ladder in state.ladders.values() if ladder.phase == "approval"]
        for each in waiting:
            yield Approve(id=f"approval {nth} {each}", by=answer.by, command=each, deny=answer.deny)


def _play(nth: int, play: PlayRequest) -> Play:
    return Play(
        id=f"play {nth}",
        by=play.by,
        playbook=play.playbook,
        params=play.params,
        version=play.version,
        dry_run=play.dry_run,
    )


def unplayable(group: UnitTestGroup, program: Program) -> Iterator[Failure]:
    """Runs that the engine would refuse."""
    state = State(program=program)
    for nth, play in enumerate(group.plays):
        what = f"play of {play.playbook}"
        playbook = steps.newest(state, play.playbook, play.version)
        if playbook is None:
            known = ", ".join(sorted(map(steps.titled, program.playbooks))) or "none"
            yield Failure(("plays", nth, "playbook"), what, f"expected one of {known}")
            continue
        try:
            bound(playbook.parameters, play.params)
        except ParametersInvalid as invalid:
            yield Failure(("plays", nth), what, str(invalid))


def check_runs(state: State, nth: int, case: CommandCase) -> Iterator[Failure]:
    """How all runs up to now stand, in the order in which they began, against the group's command case `nth`."""
    if case.exp_runs is None:
        return
    wanted = tuple(map(_wanted, case.exp_runs))
    got = tuple(_got(*pair) for pair in zip_longest(state.runs.values(), case.exp_runs) if pair[0])
    if wanted != got:
        yield Failure(
            ("command_test", nth, "exp_runs"), f"runs at {duration(case.eval_time_ms)}", Difference(wanted, got)
        )


def _wanted(expected: ExpectedRun) -> str:
    return _line(expected.playbook, expected.step, expected.reason)


def _got(run: Run, expected: ExpectedRun | None) -> str:
    """The run in as many words as `expected` has."""
    with_step = expected is None or expected.step is not None
    return _line(run.playbook, run.step + 1 if with_step else None, run.reason)


def _line(playbook: str, step: int | None, reason: str | None) -> str:
    return " ".join([playbook, *([f"at step {step}"] if step is not None else []), reason or "runs"])
