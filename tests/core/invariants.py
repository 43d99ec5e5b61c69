"""What must be so after every message, whatever was told."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from engine.core.explain.verdicts import first, verdicts
from engine.core.remediation import Ladder
from engine.core.services import Health
from engine.core.state import State
from engine.core.tallies import Tallies
from engine.core.turn import Turn
from schemas.reasons import Reason


def assert_consistent(state: State) -> None:
    """What is counted is what there is, and who waits has something to wait for."""
    assert_counted(state)
    woken = {timer.key for timer in state.timers if timer.kind == "wake"}
    for key, ladder in state.ladders.items():
        assert ladder.key == key
        assert key in woken or _waits_for(state, ladder, woken), f"nobody wakes {key}: {ladder}"
        if ladder.parent:
            assert key in state.ladders[ladder.parent].children
    assert set(state.awaited.values()) == {key for key, each in state.ladders.items() if each.phase == "commanded"}
    assert set(state.watches) <= {key for key, each in state.ladders.items() if each.phase == "verifying"}
    whole = {each.outermost.id for each in state.ladders.values()}
    assert set(state.at_work.values()) <= whole


def assert_counted(state: State) -> None:
    """The counters of acts under way are those of the ladders."""
    busy: Counter[str] = Counter()
    disrupted: Counter[str] = Counter()
    for act in (ladder.act for ladder in state.ladders.values() if ladder.act):
        for limit in state.program.policy.limits:
            if limit.concurrency and (key := limit.key(act)):
                busy[key] += 1
        for each in act.by_service():
            disrupted[each.service] += each.healthy
    for service, healthy in (each for scope in state.unseen.values() for each in scope.values()):
        disrupted[service] += healthy
    assert state.busy == dict(busy)
    assert state.disrupted == {service: count for service, count in disrupted.items() if count}
    assert all(ladder.phase in ("commanded", "verifying") for ladder in state.ladders.values() if ladder.act)


def _waits_for(state: State, ladder: Ladder, woken: set[str]) -> bool:
    """Whether something will move the ladder that is no timer of its own."""
    match ladder.phase:
        case "waiting":
            return any(child in state.ladders for child, how in ladder.children.items() if how is None)
        case "held":
            return _is_held(state, ladder, woken)
        case _:
            return False


def _is_held(state: State, ladder: Ladder, woken: set[str]) -> bool:
    match ladder.held_by:
        case Reason.HALTED:
            return state.halt_on(ladder) is not None
        case Reason.EMERGENCY:
            return state.emergency is not None
        case Reason.CONCURRENCY:
            limits = state.program.policy.limits
            full = any(
                ladder.held_on.startswith(f"{limit.id}|") and state.busy.get(ladder.held_on, 0) >= limit.concurrency
                for limit in limits
            )
            return full or any(
                other.held_on == ladder.held_on and other.key in woken for other in state.ladders.values()
            )
        case Reason.COOLDOWN:
            return f"{ladder.outermost.origin.name}|{ladder.target}" in state.at_work
        case reason:  # every inventory wakes these
            return reason in (Reason.ISOLATED, Reason.LAST_HEALTHY, Reason.STALE_EVIDENCE)


def assert_within_budgets(state: State, before: Mapping[str, Health], begun: int) -> None:
    """What was touched within the span is within each budget that is a count, and of the acts after the first `begun`
    none has left fewer healthy replicas than the policy says, of those that there were before the message."""
    for radius in state.program.policy.blast_radius:
        touched: dict[str, dict[str, int]] = {}
        for at_ms, act in state.done:
            for each in act.by_service():
                if radius.acts.has(each) and at_ms + radius.within_ms > state.now_ms:
                    of_it = touched.setdefault(each.of(radius.per), {})
                    of_it[each.touch] = max(of_it.get(each.touch, 0), each.weight)
        if radius.count is not None:
            assert all(sum(of_it.values()) <= radius.count for of_it in touched.values())
        for act in (each for _, done in state.done[begun:] for each in done.by_service()):
            if act.healthy and radius.acts.has(act):
                left = before[act.service].healthy - state.disrupted.get(act.service, 0)
                assert left >= radius.keep_healthy


def assert_within_limits(state: State) -> None:
    """No more acts at once, or within the span, than the policy says."""
    for limit in state.program.policy.limits:
        at_once: Counter[str] = Counter()
        for ladder in state.ladders.values():
            if ladder.act and not ladder.undo and limit.acts.has(ladder.act):
                at_once[ladder.act.of(limit.per)] += 1
        assert not limit.concurrency or max(at_once.values(), default=0) <= limit.concurrency
        doings: dict[str, set[str]] = {}
        for at_ms, act in state.done:
            if limit.acts.has(act) and at_ms + limit.within_ms > state.now_ms:
                doings.setdefault(act.of(limit.per), set()).add(act.doing)
        assert not limit.rate or max(map(len, doings.values()), default=0) <= limit.rate


def assert_each_let_pass(state: State, begun: int) -> None:
    """Each act after the first `begun` was within the limits of the policy of now, whatever was done under others."""
    for limit in state.program.policy.limits:
        for nth, (at_ms, act) in enumerate(state.done[begun:], begun):
            if not limit.acts.has(act):
                continue
            before = [
                other.doing
                for other_ms, other in state.done[:nth]
                if limit.acts.has(other)
                and other.of(limit.per) == act.of(limit.per)
                and other_ms + limit.within_ms > at_ms
            ]
            assert not limit.rate or act.doing in before or len(set(before)) < limit.rate
            at_once = [
                each.act for each in state.ladders.values() if each.act and not each.undo and limit.acts.has(each.act)
            ]
            of_it = [each for each in at_once if each.of(limit.per) == act.of(limit.per)]
            assert not limit.concurrency or act not in of_it or len(of_it) <= limit.concurrency


def assert_objected(state: State) -> None:
    """Whatever holds a ladder that nothing wakes still objects, and `why-not` would say so; unless it is the turn of
    one that waits for the same."""
    woken = {timer.key for timer in state.timers if timer.kind == "wake"}
    next_for = {each.held_on for key, each in state.ladders.items() if key in woken} - {""}
    for key, ladder in state.ladders.items():
        if ladder.phase == "held" and key not in woken and ladder.held_on not in next_for:
            apart = replace(state, tallies=Tallies(state.program.policy, state.done))
            _, found = verdicts(Turn(apart, state.now_ms, state.seq), ladder)
            assert first(found) is not None, f"nothing objects to {key}, held by {ladder.held_by}"
