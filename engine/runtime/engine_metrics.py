"""What an operator of an engine needs to see of its state, as gauges. Reading only, and only here."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from engine.core.intake import series_refused
from engine.core.program import AlertRule, EventRule, RecordingRule
from engine.core.state import State
from engine.runtime.metrics import counter, gauge, gauges, lease


def measured(state: State, *, refused: int, left_out: int, epoch: int, now_ms: int) -> Iterator[Metric]:
    """The engine as it is. `now_ms` is this machine's clock, by which the journal may be behind;
    `refused` counts the mistakes in the newest edit of the rules, `left_out` the Sigma rules that are not run.
    """
    yield lease(epoch)
    yield from _journal(state, now_ms)
    yield from _store(state)
    yield from _rules(state)
    yield from _scales(state)
    yield gauge("reflexarc_rules_refused", "Mistakes in the newest edit of the rules.", refused)
    yield gauge("reflexarc_sigma_rules_left_out", "Sigma rules that cannot be run.", left_out)
    yield from _events(state)
    yield from _alerts(state)


def _journal(state: State, now_ms: int) -> Iterator[Metric]:
    lag_s = max(now_ms - state.now_ms, 0) / 1000
    settling = state.now_ms < state.settle_until_ms
    yield gauge("reflexarc_journal_sequence", "The newest journal message applied.", state.seq)
    yield gauge("reflexarc_journal_lag_seconds", "How long ago the newest message applied was stored.", lag_s)
    yield gauge("reflexarc_settling", "1 while acts wait, as nobody had been deciding for a while.", settling)


def _store(state: State) -> Iterator[Metric]:
    settings = state.settings
    ahead: dict[tuple[str, ...], float] = {
        (node,): (clock.ahead_ms or 0) / 1000 for node, clock in state.clocks.items()
    }
    yield gauge("reflexarc_store_series", "Series in memory.", len(state.store))
    yield gauge("reflexarc_store_series_limit", "So many series are kept.", settings.max_series)
    yield gauge("reflexarc_store_series_refused", "Series that are wanted and have no place.", series_refused(state))
    yield gauge("reflexarc_store_samples", "Samples in memory.", state.store.samples)
    yield gauge("reflexarc_store_samples_limit", "So many samples are kept.", settings.max_samples)
    yield counter("reflexarc_store_samples_refused", "Samples that had no place.", state.samples_refused)
    yield gauges(
        "reflexarc_clock_ahead_seconds",
        "How far the samples of a node were ahead of the journal in the last minute; negative: late.",
        ("node",),
        ahead,
    )


def _rules(state: State) -> Iterator[Metric]:
    program = state.program
    count = {
        "alert": len(program.alerts),
        "record": len(program.records),
        "event": len(program.events),
        "heal": len(program.heals),
        "respond": len(program.responds),
        "scale": len(program.scales),
    }
    every: list[AlertRule | EventRule | RecordingRule] = [*program.alerting, *program.records]
    named = {rule.id: rule for rule in every}
    failing = [named[rule] for rule in state.failing if rule in named]
    yield gauges("reflexarc_rules", "Active rules.", ("kind",), {(kind,): n for kind, n in count.items()})
    yield gauges(
        "reflexarc_rule_failing",
        "1 for each rule whose last evaluation failed.",
        ("rule_group", "rule"),
        {(rule.group, rule.name): 1 for rule in failing},
    )


def _scales(state: State) -> Iterator[Metric]:
    """What a rule knows of its workload and what it decided, as of its last decision."""
    known = [
        ((rule.group, rule.name), memory)
        for rule in state.program.scales
        if (memory := state.scales.get(rule.id)) and memory.evaluated_ms
    ]
    labels = ("rule_group", "rule")
    yield gauges(
        "reflexarc_scale_replicas",
        "Replicas that the workload of a scaling rule is asked to have.",
        labels,
        {rule: memory.wanted for rule, memory in known},
    )
    yield gauges(
        "reflexarc_scale_desired_replicas",
        "Replicas that a scaling rule has decided its workload should have.",
        labels,
        {rule: memory.desired for rule, memory in known},
    )


def _events(state: State) -> Iterator[Metric]:
    names = {rule.id: rule.name for rule in state.program.events}
    yield counter("reflexarc_events", "Events taken from the journal.", state.events_seen)
    yield gauges(
        "reflexarc_correlation_evicted",
        "What correlations forgot because there was more than they may keep, by why.",
        ("rule", "reason"),
        {(names.get(rule, rule), reason): count for (rule, reason), count in state.correlator.evicted.items()},
    )


def _alerts(state: State) -> Iterator[Metric]:
    active = [alert for alerts in state.alerts.values() for alert in alerts.values()]
    firing = sum(alert.firing for alert in active)
    phases = Counter(ladder.phase for ladder in state.ladders.values())
    yield gauges(
        "reflexarc_alerts", "Active alerts.", ("state",), {("pending",): len(active) - firing, ("firing",): firing}
    )
    yield gauges("reflexarc_ladders", "Running remediations.", ("phase",), {(phase,): n for phase, n in phases.items()})
    yield gauge("reflexarc_halts", "Halts in force.", len(state.halts))
    yield gauge("reflexarc_targets", "Targets that can be acted on.", len(state.targets))
