"""The first half for events: one message's events to alert transitions.

An alert about events fires with the event that fits its rule, or that completes its correlation. Events are over when
they are told of, so that nothing says when such an alert is no longer true: it resolves when for `keep_firing_for` no
further event has fitted. An absence is the exception: it ends with the event that was missed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core import counting, decide, reach, writing
from engine.core.alerting import alert_id, render, transition
from engine.core.compiled import ALERTNAME
from engine.core.destination import TooManySeriesError
from engine.core.detector import CompiledEventRule, label_name
from engine.core.program import EventRule
from engine.core.state import Alert, State
from engine.core.timers import Timer
from engine.core.turn import Turn
from engine.core.wording import Seen, as_text
from engine.sigma.correlate_model import Ended, Occurred, Raised
from engine.sigma.model import Correlation, LogSource
from schemas.events import Events, time_ms
from schemas.labels import Labels, canonical
from schemas.reasons import Reason

NOT_KEPT = "…"
"""Stands for an event that too many have followed for it to be remembered."""

_REMEMBERED = 1_000
"""Events that fitted a rule, remembered in short until a correlation may tell of them."""

_RECORDED = 300
"""Characters of the events in the audit."""

TOLD_AT_ONCE = 50
"""With so many alerts of a rule, ALERTS has a new one at once; of more, with all others of them, every `TOLD_MS`."""
TOLD_MS = 1_000

ABOUT_EVENTS = ("events", "event")
"""Annotations that the engine adds: which events, by their places in the journal, and each in short, on its line."""


def on_events(turn: Turn, events: Events, node: str) -> None:
    """Count the events of one message, then try the rules on each in its order."""
    detector = turn.state.compiled.detector
    turn.state.events_seen += len(events.events)
    for index, event in enumerate(events.events):
        counting.every(turn, event, node)
        data = event.data if isinstance(event.data, dict) else {"message": event.data}
        seen: Seen | None = None
        for found in detector.found(data, LogSource(event.product, event.category, event.service)):
            seen = seen or Seen(event, f"{turn.seq}.{index}", data, node)
            if isinstance(found, CompiledEventRule):
                _fits(turn, found, seen)
            else:
                counting.add(turn, found, seen)


def _fits(turn: Turn, found: CompiledEventRule, seen: Seen) -> None:
    state, rule = turn.state, found.rule
    _remember(state, seen)
    if rule.raises:
        group = {"node": seen.node} | {name: as_text(way(seen.data)) for name, way in found.group_by}
        _raise(turn, found, group, seen.element | group, (seen.place,), node=seen.node)
    if rule.id in state.compiled.detector.correlated:
        occurred = Occurred(rule.id, seen.data, _happened_ms(state, seen), seen.node, seen.place)
        for result in state.correlator.observe(occurred, turn.now_ms):
            _correlated(turn, result, seen)
        _wake(state)


def _happened_ms(state: State, seen: Seen) -> int:
    """No later than now, and no longer ago than is waited for."""
    said_ms = time_ms(seen.event)
    earliest_ms = state.now_ms - state.settings.event_lateness_ms
    return state.now_ms if said_ms is None else min(max(said_ms, earliest_ms), state.now_ms)


def _remember(state: State, seen: Seen) -> None:
    if seen.place in state.recent:
        return
    state.recent[seen.place] = seen.summary
    if len(state.recent) > _REMEMBERED:
        del state.recent[next(iter(state.recent))]


def _correlated(turn: Turn, result: Raised | Ended, seen: Seen | None) -> None:
    found = turn.state.compiled.detector.rules[result.rule]
    group = _labelled(result.group)
    if isinstance(result, Ended):
        over = canonical(group)
        for labels, alert in list(turn.state.alerts.get(result.rule, {}).items()):
            if alert.element == over:
                _resolve(turn, found, labels, Reason.EVICTED if result.evicted else Reason.CONDITION_CLEARED)
    elif found.rule.raises:
        element = (seen.element if seen and not result.at_end else {}) | group
        node = reach.node_of(result, turn.state.compiled.detector)
        _raise(turn, found, group, element, result.events, result.value, node=node)


def _labelled(group: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {label_name(name): value for name, value in group}


def due(turn: Turn) -> None:
    """What time brings: an absence, a window that is decided when it is over."""
    for result in turn.state.correlator.due(turn.now_ms):
        _correlated(turn, result, None)
    _wake(turn.state)


def expire(turn: Turn, rule_id: str) -> None:
    """Resolve the alerts of the rule that no event has renewed; of the others, say that they are still there."""
    state = turn.state
    found = state.compiled.detector.rules.get(rule_id)
    active = state.alerts.get(rule_id)
    if found is None or not active:
        return
    if not _is_absence(found.rule):
        for labels, alert in list(active.items()):
            if turn.now_ms - (alert.cleared_ms or 0) >= found.rule.keep_firing_for_ms:
                _resolve(turn, found, labels, Reason.CONDITION_CLEARED)
    _tell_alerts(state, found)
    if active:
        _look_again(state, rule_id, state.settings.evaluation_interval_ms)


def activated(turn: Turn) -> None:
    """Of an absence that begins anew, as its rule says something else, nobody would tell that it has ended."""
    state = turn.state
    for rule_id, active in list(state.alerts.items()):
        found = state.compiled.detector.rules.get(rule_id)
        if found is None or not _is_absence(found.rule):
            continue
        silent = {canonical(_labelled(group)) for group in state.correlator.silent(rule_id)}
        for labels, alert in list(active.items()):
            if alert.element not in silent:
                _resolve(turn, found, labels, Reason.RULE_REMOVED)


def remove(turn: Turn, rule: EventRule) -> None:
    """The rule is gone from the program: what was active because of it is not."""
    writing.end(turn.state, rule)
    for alert in turn.state.alerts.pop(rule.id, {}).values():
        _put(turn, transition(rule, alert, "resolved", turn.now_ms, Reason.RULE_REMOVED))


def _raise(
    turn: Turn,
    found: CompiledEventRule,
    group: Mapping[str, str],
    element: Mapping[str, str],
    events: Sequence[str],
    value: float | None = None,
    *,
    node: str,
) -> None:
    """The alert of this group fires, or fires on. Its value, where none is given, is how many events have fitted."""
    state, rule = turn.state, found.rule
    first = 1.0 if value is None else float(value)
    own = render(state, found.labels, canonical(element), first, turn.now_ms)
    labels = canonical({**group, **own, ALERTNAME: rule.name})
    active = state.alerts.setdefault(rule.id, {})
    if alert := active.pop(labels, None):
        alert.value = alert.value + 1 if value is None else first
        alert.cleared_ms = turn.now_ms
        active[labels] = alert  # the last is the one that was seen latest
        return
    while len(active) >= (rule.limit or state.settings.max_event_alerts):
        _resolve(turn, found, next(iter(active)), Reason.EVICTED)
    alert = active[labels] = Alert(
        id=alert_id(rule.id, labels),
        labels=labels,
        element=canonical(group),
        annotations=_annotations(turn, found, element, events, first),
        value=first,
        onset=turn.seq,
        active_at_ms=turn.now_ms,
        fired_at_ms=turn.now_ms,
        cleared_ms=turn.now_ms,
        node=node,
    )
    state.alerts[rule.id] = active
    _put(turn, transition(rule, alert, "firing", turn.now_ms, Reason.EVENT_MATCHED, _detail(alert)))
    if len(active) <= TOLD_AT_ONCE:
        _tell_alerts(state, found)
        _look_again(state, rule.id, state.settings.evaluation_interval_ms)
    else:
        _look_again(state, rule.id, TOLD_MS)


def _annotations(
    turn: Turn,
    found: CompiledEventRule,
    element: Mapping[str, str],
    events: Sequence[str],
    value: float,
) -> dict[str, str]:
    """The rule's own, and what it is about; of a correlation some of the events, those that are remembered."""
    told = [turn.state.recent.get(place, NOT_KEPT) for place in events]
    about = {"events": " ".join(events), "event": "\n".join(told)} if events else {}
    return about | render(turn.state, found.annotations, canonical(element), value, turn.now_ms)


def _detail(alert: Alert) -> str:
    """For the record: which events, and the last of them."""
    places, told = (alert.annotations.get(name, "") for name in ABOUT_EVENTS)
    return ": ".join(filter(None, (places, told.rpartition("\n")[2])))[:_RECORDED]


def _resolve(turn: Turn, found: CompiledEventRule, labels: Labels, reason: Reason) -> None:
    active = turn.state.alerts[found.rule.id]
    alert = active.pop(labels)
    if not active:
        del turn.state.alerts[found.rule.id]
    _put(turn, transition(found.rule, alert, "resolved", turn.now_ms, reason))


def _put(turn: Turn, effects: Sequence[Any]) -> None:
    turn.effects += effects
    decide.on_transitions(turn, effects)


def _tell_alerts(state: State, found: CompiledEventRule) -> None:
    """In ALERTS; that there is no room for them changes no alert."""
    try:
        writing.write_alerts(state, found.rule, found.destination, state.now_ms)
    except TooManySeriesError as error:
        state.failing[found.rule.id] = str(error)
    else:
        state.failing.pop(found.rule.id, None)


def _look_again(state: State, rule_id: str, interval_ms: int) -> None:
    """On a grid, so that a rule has one such time however many of its alerts begin."""
    state.timers.set(Timer((state.now_ms // interval_ms + 1) * interval_ms, "expire", 0, rule_id))


def _wake(state: State) -> None:
    due_ms = state.correlator.next_due_ms
    if due_ms is not None:
        state.timers.set(Timer(max(due_ms, state.now_ms + 1), "correlate", 0, ""))


def _is_absence(rule: EventRule) -> bool:
    return isinstance(rule.does, Correlation) and rule.does.type == "absence"
