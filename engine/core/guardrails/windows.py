"""Maintenance windows: times in which acts are held, and times outside of which they are not permitted."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from engine.core import cron
from engine.core.cron import Zone
from engine.core.guardrails.hold import Hold
from engine.core.policy import Act, Window
from engine.core.remediation import Ladder
from engine.core.turn import Turn
from schemas.reasons import Reason


def in_time(turn: Turn, _: Ladder, act: Act) -> Hold | None:
    """No window holds the act, and one permits it where any is there to permit it."""
    program = turn.state.program
    permitting: list[tuple[Window, _Span]] = []
    for window in program.policy.windows:
        if not window.acts.has(act):
            continue
        span = turn.once(("window", window.source), partial(_span, window, program.zones, turn.now_ms))
        if window.effect == "permit":
            permitting.append((window, span))
        elif span.is_open:
            named = f"{window.name} ({window.source})"
            return Hold(Reason.MAINTENANCE, named, span.changes_ms, source=window.source)
    if not permitting or any(span.is_open for _, span in permitting):
        return None
    opens_ms = min((span.changes_ms for _, span in permitting if span.changes_ms), default=None)
    names = ", ".join(f"{window.name} ({window.source})" for window, _ in permitting)
    return Hold(Reason.OUTSIDE_WINDOW, names, opens_ms, source=permitting[0][0].source)


class _Span(NamedTuple):
    """Whether a window is open, and when that changes; None for never."""

    is_open: bool
    changes_ms: int | None


def _span(window: Window, zones: Mapping[str, Zone], now_ms: int) -> _Span:
    if not window.cron:
        if now_ms < window.from_ms:
            return _Span(False, window.from_ms)
        return _Span(now_ms < window.until_ms, window.until_ms if now_ms < window.until_ms else None)
    times, zone, now_s = cron.parse(window.cron), zones[window.zone], now_ms // 1000
    began_s = cron.last(times, zone, now_s)
    if began_s is not None and now_ms < (over_ms := began_s * 1000 + window.duration_ms):
        return _Span(True, over_ms)
    next_s = cron.following(times, zone, now_s)
    return _Span(False, None if next_s is None else next_s * 1000)
