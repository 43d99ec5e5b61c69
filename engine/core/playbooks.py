"""Runs of playbooks: how they begin, what becomes of a step that fails, and how they end.

A run is a ladder of the temper `playbook`: its steps are taken in their order, each when the one before has succeeded.
`state.runs` tells of it when it is over, too. A step that fails is tried again as often as it says; then what was done
is compensated for, last first, and the run is over. What is unknown is neither repeated nor compensated for.
"""

from collections.abc import Mapping

from engine.core import notices, steps
from engine.core.moves import End, Move, Next, Take, Verify, to_somebody
from engine.core.parameters import ParametersInvalid, bound
from engine.core.program import HealRule, Playbook
from engine.core.remediation import Ladder, ladder_id
from engine.core.runs import Run
from engine.core.temper import plays, responds
from engine.core.turn import Turn
from schemas.audit import AuditEntry
from schemas.commands import Origin
from schemas.control import Play
from schemas.labels import canonical
from schemas.reasons import Reason

MOST_RUNS = 10_000
"""So many runs are told of; the oldest give way."""

_SETTLED = frozenset({Reason.STEP_TIMED_OUT, Reason.APPROVAL_DENIED, Reason.APPROVAL_LAPSED})
"""What is not tried again: it had all its time, or people have said no."""

COMPLETED = frozenset({Reason.COMPLETED, Reason.RESPONDED, Reason.SHADOW})
"""How a child that did what it was to do has ended."""


def run(turn: Turn, request: Play) -> Ladder | None:
    """The ladder that the request begins. What is asked for again under the same id is the same run."""
    playbook = steps.newest(turn.state, request.playbook, request.version)
    if playbook is None:
        version = "" if request.version is None else f" in version {request.version}"
        _refuse(turn, request, Reason.UNKNOWN_PLAYBOOK, request.playbook + version)
        return None
    try:
        params = bound(playbook.parameters, request.params)
    except ParametersInvalid as invalid:
        _refuse(turn, request, Reason.BAD_ARGUMENTS, str(invalid))
        return None
    id_ = ladder_id(steps.titled(playbook), request.id, 0)
    if id_ in turn.state.runs:
        return None
    _keep(
        turn,
        Run(
            id=id_,
            playbook=playbook.name,
            version=playbook.version,
            by=request.by,
            params=params,
            began_ms=turn.now_ms,
            of=len(playbook.steps),
            dry_run=request.dry_run,
        ),
    )
    return ladder_of(playbook, id_, params, by=request.by, dry_run=request.dry_run)


def ladder_of(playbook: Playbook, id_: str, params: Mapping[str, str], *, by: str, dry_run: bool) -> Ladder:
    """The run of a playbook that somebody asks for."""
    return Ladder(
        id=id_,
        rule=_rule(playbook, dry_run=dry_run),
        origin=Origin(kind="playbook", name=steps.titled(playbook)),
        onset=0,
        because=Reason.REQUESTED,
        alert_labels=canonical(params),
        by=by,
    )


def _rule(playbook: Playbook, *, dry_run: bool) -> HealRule:
    return HealRule(
        id=playbook.name,
        group="",
        name=steps.titled(playbook),
        alert="",
        source=playbook.source,
        steps=playbook.steps,
        kind="playbook",
        mode="shadow" if dry_run else "auto",
        cooldown_ms=0,
    )


def _keep(turn: Turn, run: Run) -> None:
    runs = turn.state.runs
    runs[run.id] = run
    while len(runs) > MOST_RUNS:
        del runs[next(iter(runs))]


def _refuse(turn: Turn, request: Play, reason: Reason, detail: str) -> None:
    turn.effects.append(
        AuditEntry(kind="decision", reason=reason, rule=request.playbook, detail=detail, by=request.by, state="ended")
    )


# --- while it runs ---


def next_step(turn: Turn, ladder: Ladder, because: Reason, *, failed: bool) -> Move:
    """Where a run goes on from its current step."""
    if not failed:
        steps.taken(turn, ladder)
    if ladder.aborted_by:
        return fail(turn, ladder, Reason.ABORTED)
    if failed:
        return _again(turn, ladder, because) or fail(turn, ladder, because)
    turn.note(ladder, because, ladder.current.name)
    ladder.tries = ladder.attempt = 0
    ladder.step += 1
    if known := turn.state.runs.get(ladder.id):
        known.step = ladder.step
    if ladder.step < len(ladder.rule.steps):
        return Take(because)
    ladder.step -= 1
    return End(Reason.SHADOW if ladder.rule.mode == "shadow" else Reason.COMPLETED)


def _again(turn: Turn, ladder: Ladder, because: Reason) -> Move:
    if ladder.tries >= ladder.current.retries or because in _SETTLED:
        return None
    ladder.tries, ladder.attempt = ladder.tries + 1, ladder.attempt + 1
    turn.note(ladder, because, f"tried again, {ladder.tries} of {ladder.current.retries} times")
    return Take(because)


def fail(turn: Turn, ladder: Ladder, because: Reason) -> Move:
    """No further step: compensate for those that were taken."""
    if ladder.undoing:
        return steps.compensate(turn, ladder, because)
    return End(Reason.ABORTED if because is Reason.ABORTED else Reason.FAILED, str(because))


def unknown(turn: Turn, ladder: Ladder) -> Move:
    """It cannot be known whether the step had its effect: a human has to look, and nothing is undone on a guess."""
    notices.once(turn, ladder.id, Reason.FATE_UNKNOWN, f"{ladder.rule.name}, step {ladder.step + 1}: {ladder.target}")
    return End(Reason.FATE_UNKNOWN)


def child_ended(turn: Turn, ladder: Ladder, child: Ladder, reason: Reason) -> Move:
    """One of those that the ladder waits for is over; with the last of them the ladder goes on."""
    if ladder.phase != "waiting" or child.key not in ladder.children:
        return None
    ladder.children[child.key] = reason
    well = reason in COMPLETED
    if ladder.failed_for is not None:
        return End(Reason.COMPENSATED if well else Reason.NOT_COMPENSATED, str(ladder.failed_for))
    if well:  # any other has compensated for its own steps, or is not to be
        ladder.undoing = (*child.undoing, *ladder.undoing)
    if None in ladder.children.values():
        return None
    if Reason.FATE_UNKNOWN in ladder.children.values():
        return unknown(turn, ladder) if plays(ladder) else to_somebody(turn, ladder, Reason.FATE_UNKNOWN)
    if not all(each in COMPLETED for each in ladder.children.values()):
        return Next(Reason.STEP_FAILED)
    climbs = plays(ladder) or responds(ladder)
    if ladder.rule.mode == "shadow":
        return Next(Reason.DONE) if climbs else End(Reason.SHADOW)
    return Next(Reason.DONE) if climbs and not ladder.current.verify else Verify()


def abort(turn: Turn, ladder: Ladder, by: str) -> Move:
    """End at the next step; one that has been commanded is waited for."""
    ladder.aborted_by = by
    turn.note(ladder, Reason.ABORTED, by=by)
    return None if ladder.phase in ("commanded", "waiting") else fail(turn, ladder, Reason.ABORTED)


def ended(turn: Turn, ladder: Ladder, reason: Reason) -> None:
    """What is told of the run."""
    if known := turn.state.runs.get(ladder.id):
        known.ended_ms, known.reason = turn.now_ms, reason
