"""Which bounds hold at which hour."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.core import cron
from engine.core.cron import Zone
from engine.core.scaling.rule import ScaleRule, Schedule


class Bounds(NamedTuple):
    """No fewer and no more replicas, and how long that stays so at least (Unix milliseconds; None: for ever)."""

    min: int
    max: int
    until_ms: int | None = None


def bounds(rule: ScaleRule, zones: Mapping[str, Zone], now_ms: int) -> Bounds:
    """Those of the schedule that began last and is not over, else the rule's own."""
    last: tuple[int, Schedule] | None = None
    ends_ms: list[int] = []
    for schedule in rule.schedules:
        times, zone, now_s = cron.parse(schedule.cron), zones[schedule.zone], now_ms // 1000
        if (comes_s := cron.following(times, zone, now_s)) is not None:
            ends_ms.append(comes_s * 1000)
        began_s = cron.last(times, zone, now_s)
        if began_s is None:
            continue
        over_ms = None if schedule.duration_ms is None else began_s * 1000 + schedule.duration_ms
        if over_ms is not None and over_ms <= now_ms:
            continue
        if over_ms is not None:
            ends_ms.append(over_ms)
        if last is None or began_s >= last[0]:
            last = began_s, schedule
    until_ms = min(ends_ms, default=None)
    if last is None:
        return Bounds(rule.min, rule.max, until_ms)
    least, most = last[1].min, last[1].max
    return Bounds(rule.min if least is None else least, rule.max if most is None else most, until_ms)
