"""What rules write back into the columns: recorded series, and the series ALERTS and ALERTS_FOR_STATE.

As in Prometheus a series that a rule wrote before and no longer yields has ended. What is recorded is stored, for
dashboards if for nobody else; of ALERTS and ALERTS_FOR_STATE only what some expression looks at.
"""

from collections.abc import Sequence

import numpy as np

from engine.core.compiled import ALERTS, ALERTS_FOR_STATE
from engine.core.destination import Destination
from engine.core.program import AlertRule, EventRule, RecordingRule
from engine.core.state import State
from engine.promql import FloatArray
from schemas.labels import METRIC_NAME, Labels, canonical
from schemas.samples import STALE


def write(
    state: State, rule_id: str, to: Destination, series: tuple[Labels, ...], values: FloatArray, time_ms: int
) -> None:
    """Append one sample to each of the series, which are distinct, and end those that the rule wrote before only.

    Raises `TooManySeriesError`, and then nothing is written.
    """
    before = state.written.get(rule_id, ())
    rows, places = to.of(state.store, series, state.settings.max_series)
    if series != before:
        now_there = set(series)
        _end(state, [labels for labels in before if labels not in now_there], time_ms)
        state.written[rule_id] = series
    if len(rows):
        state.store.append(rows, time_ms, values[places])
    if not series:
        state.written.pop(rule_id, None)


def end(state: State, rule: AlertRule | EventRule | RecordingRule) -> None:
    """The rule is gone from the program: the series that it wrote end."""
    _end(state, state.written.pop(rule.id, ()), state.now_ms)


def write_alerts(state: State, rule: AlertRule | EventRule, to: Destination, time_ms: int) -> None:
    """A sample of ALERTS and of ALERTS_FOR_STATE for each active alert, if anything can look at them."""
    wanted = state.store.wants_name(ALERTS), state.store.wants_name(ALERTS_FOR_STATE)
    if not any(wanted) and rule.id not in state.written:
        return
    samples: dict[Labels, float] = {}
    for alert in state.alerts.get(rule.id, {}).values():
        # As in Prometheus, a label whose template has rendered to nothing stands here as it is in the rule.
        labels = rule.labels | dict(alert.labels)
        if wanted[0]:
            named = {METRIC_NAME: ALERTS, "alertstate": "firing" if alert.firing else "pending"}
            samples[canonical(labels | named)] = 1.0
        if wanted[1]:
            samples[canonical(labels | {METRIC_NAME: ALERTS_FOR_STATE})] = float(alert.active_at_ms // 1000)
    write(state, rule.id, to, tuple(samples), np.array(list(samples.values()), np.float64), time_ms)


def _end(state: State, series: Sequence[Labels], time_ms: int) -> None:
    """Those that are still there: a series without samples has ended already."""
    gone = set(state.store.unknown(series))
    wanted = [labels for labels in series if labels not in gone and state.store.wants(labels)]
    if wanted:
        state.store.append(state.store.rows(wanted), time_ms, np.full(len(wanted), STALE))
