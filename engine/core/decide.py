"""The second half: transitions, outcomes and control messages to commands, each with a named reason."""

from collections.abc import Iterable, Sequence

from engine.core import acting, answering, notices, playbooks
from engine.core import ladder as ladders
from engine.core.approvals import waits_as
from engine.core.effects import Effect
from engine.core.program import HealRule, Step
from engine.core.reach import node_of_alert
from engine.core.remediation import Ladder, ladder_id
from engine.core.scaling import loop as scaling
from engine.core.services import count_hosted, count_services
from engine.core.state import Alert, State
from engine.core.targets import index_targets
from engine.core.temper import scales
from engine.core.turn import Turn
from schemas.alerts import AlertTransition
from schemas.audit import AuditEntry
from schemas.commands import Command, Origin
from schemas.control import Abort, Act, Approve, Emergency, Halt, Play, Resume
from schemas.inventory import Inventory
from schemas.outcomes import Outcome
from schemas.reasons import Reason
from schemas.refusals import Refusals


def on_transitions(turn: Turn, effects: Sequence[Effect]) -> None:
    """Tell the running ladders of each alert that fired or resolved; start those that its firing calls for."""
    running = _by_alert(turn.state)
    for effect in effects:
        if isinstance(effect, AlertTransition) and effect.state in ("firing", "resolved"):
            for ladder in running.get(effect.id, ()):
                if ladder.phase not in ("commanded", "ended"):
                    ladders.wake(turn, ladder)
            if effect.state == "firing":
                for heal in turn.state.compiled.heals.get(effect.alertname, ()):
                    _begin(turn, heal, effect)


def on_samples(turn: Turn, touched: Iterable[str]) -> None:
    """New samples of series that these ladders' `verify` selects."""
    for key in touched:
        if ladder := turn.state.ladders.get(key):
            ladders.check(turn, ladder)


def on_outcome(turn: Turn, outcome: Outcome) -> None:
    """An actuator answered: move the ladder that waits for it."""
    key = turn.state.awaited.get(outcome.command)
    ladder = turn.state.ladders[key] if key else None
    if ladder and not _answers(outcome, ladder.command):
        ladder = None
    turn.effects.append(
        AuditEntry(
            kind="outcome",
            reason=outcome.reason if ladder else Reason.UNSOLICITED_OUTCOME,
            target=outcome.target,
            command=outcome.command,
            verb=outcome.verb,
            state=outcome.status,
            detail=_describe(outcome),
            by=outcome.executor,
            ladder=ladder.id if ladder else "",
            evidence=outcome.evidence,
        )
    )
    if ladder:
        ladders.answer(turn, ladder, outcome)
        if scales(ladder):
            scaling.on_outcome(turn, ladder, outcome)


def on_time(turn: Turn, key: str) -> None:
    """A timer of the ladder came due. What its actuator has not answered for too long is answered for it."""
    if ladder := turn.state.ladders.get(key):
        if outcome := answering.answered_for(turn, ladder):
            on_outcome(turn, outcome)
        else:
            ladders.wake(turn, ladder)


def on_refusals(turn: Turn, report: Refusals) -> None:
    """An actuator was sent what is no command of ours: it is on record, and nothing follows from it. What the message
    claims to be stays in the words of the report, for it may claim to be any command of ours.
    """
    for refused in report.refused:
        detail = f"{refused.count} refused, the newest on {refused.subject}, message {refused.seq}"
        detail += f" of key {refused.key}" if refused.key else ""
        turn.effects.append(
            AuditEntry(kind="decision", reason=refused.reason, by=report.executor, detail=f"{detail}: {refused.detail}")
        )


def on_inventory(turn: Turn, inventory: Inventory) -> None:
    """The newest inventory of an actuator replaces the one before."""
    state, key = turn.state, f"{inventory.actuator}/{inventory.scope}"
    state.inventory[key], state.inventory_ms[key] = inventory, turn.now_ms
    state.targets = index_targets(state.inventory)
    before, state.services = state.services, count_services(state.inventory)
    state.hosted = count_hosted(state.inventory)
    acting.seen(state, key)
    more = state.services != before
    for ladder in state.ladders.values():
        if ladder.held_by is Reason.ISOLATED:
            # Its alert was about what stood still: what was released gets a fresh interval to show how it is.
            turn.wake_at(ladder, turn.now_ms + state.settings.evaluation_interval_ms)
        elif ladder.held_by in (Reason.LAST_HEALTHY, Reason.STALE_EVIDENCE) or (
            more and ladder.held_by is Reason.BLAST_RADIUS
        ):
            turn.wake_at(ladder, turn.now_ms)
        elif ladder.held_by is Reason.HALTED and state.halts and not state.halt_on(ladder):
            turn.wake_at(ladder, turn.now_ms)  # its target belongs to another service by now


def on_control(turn: Turn, request: Halt | Resume | Emergency | Approve | Act | Play | Abort) -> None:
    """A person steers."""
    state = turn.state
    match request:
        case Halt():
            state.halts[request.scope] = request
            _record(turn, "halt", request.by, request.scope, request.why)
        case Resume():
            state.halts.pop(request.scope, None)
            _record(turn, "resume", request.by, request.scope)
            _go_on(turn, Reason.HALTED)
        case Emergency():
            _record(turn, "emergency", request.by, detail=request.why, state="over" if request.over else "declared")
            _emergency(turn, request)
        case Approve():
            _record(turn, "deny" if request.deny else "approve", request.by, detail=request.command)
            waiting = [each for each in state.ladders.values() if each.phase == "approval"]
            asked = [each for each in waiting if request.command == waits_as(each)]
            for ladder in asked:
                ladders.approve(turn, ladder, request.by, deny=request.deny)
            if not asked:
                _refuse(turn, Reason.NOT_WAITING, request.by, request.command)
        case Play():
            _record(turn, "play", request.by, request.playbook, request.why)
            if run := playbooks.run(turn, request):
                ladders.start(turn, run)
        case Abort():
            _record(turn, "abort", request.by, detail=f"{request.run} {request.why}".rstrip())
            found = [each for each in state.ladders.values() if each.id == request.run and ladders.may_abort(each)]
            for ladder in found:
                ladders.abort(turn, ladder, request.by)
            if not found:
                _refuse(turn, Reason.UNKNOWN_RUN, request.by, request.run)
        case Act():
            _record(turn, request.verb, request.by, detail=request.why)
            _request(turn, request)


def _go_on(turn: Turn, reason: Reason) -> None:
    """What was held for this reason is looked at again."""
    for ladder in list(turn.state.ladders.values()):
        if ladder.held_by is reason:
            ladders.wake(turn, ladder)


def _emergency(turn: Turn, request: Emergency) -> None:
    """Everybody is told, of its beginning and of its end."""
    if request.over and turn.state.emergency is None:
        _refuse(turn, Reason.NO_EMERGENCY, request.by, "")
        return
    turn.state.emergency = None if request.over else request
    word = "the emergency is over" if request.over else "an emergency is declared"
    summary = f"{word}, by {request.by}" + (f": {request.why}" if request.why else "")
    for page in notices.pages(turn, request.id, Reason.EMERGENCY, summary, notices.everybody(turn)):
        ladders.start(turn, page)
    if request.over:
        _go_on(turn, Reason.EMERGENCY)


def _begin(turn: Turn, heal: HealRule, fired: AlertTransition) -> None:
    alert = turn.state.alerts[fired.rule][tuple(fired.labels.items())]  # in the order that they have there
    ladder = ladder_on(turn.state, heal, fired.rule, alert)
    if ladder.key in turn.state.ladders:
        return
    step, until_ms = turn.state.climbed.get(ladder.key, (0, 0))
    ladders.start(turn, ladder, after=step if turn.now_ms < until_ms else None)


def ladder_on(state: State, heal: HealRule, alert_rule: str, alert: Alert) -> Ladder:
    """The ladder that an alert of this rule, when it fires, calls for."""
    origin = Origin(kind="rule", name=f"{heal.group}/{heal.name}")
    return Ladder(
        id=ladder_id(origin.name, alert.id, alert.onset),
        rule=heal,
        origin=origin,
        onset=alert.onset,
        because=Reason.ALERT_FIRED,
        alert_rule=alert_rule,
        alert_labels=alert.labels,
        alert=alert.id,
        value=alert.value,
        annotations=alert.annotations,
        node=node_of_alert(state, alert_rule, alert),
    )


def _request(turn: Turn, request: Act) -> None:
    """A person's request is a ladder of one step. What is asked for again under the same id is the same act."""
    rule = HealRule(
        id=request.id,
        group="",
        name=request.verb,
        alert="",
        source="",
        mode="auto",
        cooldown_ms=0,
        steps=(Step(verb=request.verb, args=request.args),),
    )
    origin = Origin(kind="control", name=request.by)
    named = ladder_id(origin.name, request.id, 0)
    ladder = Ladder(id=named, rule=rule, origin=origin, onset=0, because=Reason.REQUESTED)
    ladders.start(turn, ladder)


def _answers(outcome: Outcome, command: Command | None) -> bool:
    """Only the actuator that was asked can answer; the server authorises which one speaks."""
    return command is not None and (outcome.actuator, outcome.scope) == (command.actuator, command.scope)


def _by_alert(state: State) -> dict[str, list[Ladder]]:
    found: dict[str, list[Ladder]] = {}
    for ladder in state.ladders.values():
        found.setdefault(ladder.alert, []).append(ladder)
    return found


def _record(turn: Turn, verb: str, by: str, target: str = "", detail: str = "", state: str = "") -> None:
    turn.effects.append(AuditEntry(kind="control", verb=verb, by=by, target=target, detail=detail, state=state))


def _refuse(turn: Turn, reason: Reason, by: str, id_: str) -> None:
    """What a person said of something that there is not is on record all the same."""
    turn.effects.append(AuditEntry(kind="decision", reason=reason, by=by, detail=id_, state="ended"))


def _describe(outcome: Outcome) -> str:
    changed = ", ".join(
        f"{name} {outcome.before.get(name)} → {value}"
        for name, value in outcome.after.items()
        if outcome.before.get(name) != value
    )
    return "; ".join(part for part in (outcome.detail, changed, "found done" if outcome.observed else "") if part)
