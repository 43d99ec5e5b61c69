"""What becomes of a ladder's current step when it is its turn: held back, refused, asked about, or sent."""

from engine.core import acting, approvals, notices, steps
from engine.core.answering import silent_ms
from engine.core.command import command_of, describe, same_act
from engine.core.guardrails import Hold, Never, hold, objection
from engine.core.moves import End, Jump, Move, Next, anew, to_somebody
from engine.core.policy import Act
from engine.core.remediation import Ladder, cooldown_key
from engine.core.resolve import Refusal, about, resolve
from engine.core.temper import is_resolved, plays, responds, scales
from engine.core.turn import Turn
from schemas.commands import Command
from schemas.durations import duration
from schemas.reasons import Reason

WOULD = "would "
_TOUCHING = ", touching "
_AND = " and "


def take(turn: Turn, ladder: Ladder, because: Reason, approved: Command | None) -> Move:
    """Take the step, if nothing holds it back. `approved` is the command that people have just let go."""
    waited_for = ladder.held_on
    acting.over(turn, ladder)
    ladder.phase, ladder.because, ladder.command, ladder.held_on = "held", because, None, ""
    if ladder.current.timeout_ms and ladder.until_ms is None:
        ladder.until_ms = turn.now_ms + ladder.current.timeout_ms
        turn.wake_at(ladder, ladder.until_ms)
    if ladder.until_ms is not None and turn.now_ms >= ladder.until_ms:
        return Next(Reason.STEP_TIMED_OUT)
    move = _decide(turn, ladder, because, approved)
    if waited_for and ladder.held_on != waited_for:
        acting.wake_next(turn, waited_for)  # it waits for that no longer; there may be room for the next one too
    return move


def _decide(turn: Turn, ladder: Ladder, because: Reason, approved: Command | None) -> Move:
    state = turn.state
    if is_resolved(state, ladder) and because not in (Reason.FATE_UNKNOWN, Reason.NO_OUTCOME):
        return End(Reason.RESOLVED_BEFORE_ACT)
    if ladder.current.kind != "act":
        ladder.held_by = None
        return steps.begin(turn, ladder)
    verb = state.program.verb(ladder.current)
    ladder.target = about(turn, ladder, verb)
    changes = verb is not None and verb.changes_target
    if changes and (found := hold(turn, ladder)) and not _is_only_told(turn, ladder, found):
        return _hold_back(turn, ladder, found)
    what = resolve(turn, ladder)
    if isinstance(what, Refusal):
        return _refused(turn, ladder, what)
    act = acting.act_of(state, ladder, what) if changes else None
    objects = objection(turn, ladder, act) if act else None
    if isinstance(objects, Hold):
        if not _is_only_told(turn, ladder, objects):
            return _hold_back(turn, ladder, objects)
    elif objects:
        if objects.tell:
            _page_of(turn, ladder, objects.tell, objects, "is refused")
        return _refused(turn, ladder, Refusal(objects.reason, objects.detail))
    ladder.held_by, ladder.command = None, command_of(turn, ladder, what)
    return _let_go(turn, ladder, ladder.command, act, approved)


def _let_go(turn: Turn, ladder: Ladder, command: Command, act: Act | None, approved: Command | None) -> Move:
    """Nothing holds it back; it is for the mode, and for people, to say whether it is sent."""
    if ladder.rule.mode == "shadow":
        return _only_say(turn, ladder, WOULD + describe(command) + touching(act))
    if act and (approval := approvals.wanted(turn.state, ladder, act)):
        if approved and not same_act(command, approved):
            return anew(ladder)
        if not (approved and approvals.is_given(ladder, approval, ladder.because)):
            return approvals.ask(turn, ladder, command, approval)
    return _send(turn, ladder, command, act)


def _is_only_told(turn: Turn, ladder: Ladder, found: Hold) -> bool:
    """Whether a person asked for a dry run, which says what it would wait for, and does not."""
    if not (ladder.by and ladder.rule.mode == "shadow"):
        return False
    turn.note(ladder, found.reason, f"would wait: {found.detail}".rstrip(": "))
    return True


def _hold_back(turn: Turn, ladder: Ladder, found: Hold) -> Move:
    """Wait until nothing objects; but a person is told at once, and a response goes on from what is isolated."""
    if ladder.origin.kind == "control" and not ladder.undo:
        return End(found.reason, "; ".join(filter(None, (found.detail, _ask_again(turn, found)))))
    ladder.held_on = found.on
    if ladder.held_by is not found.reason:
        ladder.held_by = found.reason
        _tell(turn, ladder, found)
    if scales(ladder):
        return End(found.reason, found.detail)
    if found.reason is Reason.FLAPPING:
        return _to_human(turn, ladder, found)
    if found.reason is Reason.ISOLATED and responds(ladder):
        return Next(Reason.STEP_FAILED)
    if found.until_ms is not None:
        turn.wake_at(ladder, found.until_ms)
    return None


def _ask_again(turn: Turn, found: Hold) -> str:
    """When there is room, as far as that is known: a person's request does not wait for it."""
    if found.until_ms is None:
        return ""
    whole_s = max(-(-(found.until_ms - turn.now_ms) // 1000), 1)
    return f"ask again in {duration(whole_s * 1000)}"


def _tell(turn: Turn, ladder: Ladder, found: Hold) -> None:
    """What is held is on record; of some of it people hear, as of what stays as it is although it was to be undone."""
    if not scales(ladder):
        turn.note(ladder, found.reason, found.detail)
    undoes = ladder.undo and found.reason is not Reason.SETTLING
    if about := found.tell or (ladder.id if undoes else ""):
        _page_of(turn, ladder, about, found, "is held")


def _page_of(turn: Turn, ladder: Ladder, about: str, found: Hold | Never, what: str) -> None:
    act = f"{ladder.current.verb} {ladder.target}, {ladder.origin.name}"
    notices.once(turn, about, found.reason, f"{act} {what}: {found.detail}".rstrip(": "))


def _to_human(turn: Turn, ladder: Ladder, found: Hold) -> Move:
    """By its next step that tells somebody, or else by those whom the policy names."""
    move = to_somebody(turn, ladder, found.reason)
    if not isinstance(move, Jump):
        notices.once(turn, ladder.target, found.reason, f"{ladder.rule.name} on {ladder.target}: {found.detail}")
    return move


def _refused(turn: Turn, ladder: Ladder, refusal: Refusal) -> Move:
    """The step cannot become a command. That there is nothing left to undo is as good as undone."""
    if ladder.undo and refusal.reason is Reason.NOTHING_TO_DO:
        return End(refusal.reason, refusal.detail)
    turn.note(ladder, refusal.reason, refusal.detail)
    return Next(Reason.STEP_FAILED)


def _only_say(turn: Turn, ladder: Ladder, what: str) -> Move:
    """In shadow a ladder that heals ends here, for nothing tells whether the step would have helped."""
    if not (responds(ladder) or plays(ladder)):
        return End(Reason.SHADOW, what)
    turn.note(ladder, Reason.SHADOW, what)
    return Next(Reason.DONE)


def touching(act: Act | None) -> str:
    """What of a service it would have touched."""
    parts = act.by_service() if act else ()
    return _TOUCHING + _AND.join(f"{each.weight} of {each.service}" for each in parts) if parts else ""


def touched(detail: str) -> tuple[str, dict[str, int]]:
    """What is on record of a command in shadow, read back: what it would have done, and how many replicas of which
    services that would have touched."""
    does, _, touches = detail.removeprefix(WOULD).partition(_TOUCHING)
    counted = (each.partition(" of ") for each in touches.split(_AND) if touches)
    return does, {service: int(count) for count, _, service in counted}


def _send(turn: Turn, ladder: Ladder, command: Command, act: Act | None) -> Move:
    ladder.phase = "commanded"
    if act:
        acting.begin(turn, ladder, act)
    if act and act.first:
        ladder.acted_on = (*ladder.acted_on, command.target)
        turn.state.at_work[cooldown_key(ladder, command.target)] = ladder.outermost.id
    turn.state.awaited[command.id] = ladder.key
    turn.effects.append(command)
    turn.note(ladder, ladder.because, describe(command), kind="command")
    turn.wake_at(ladder, silent_ms(turn.state, ladder, command))
    return None
