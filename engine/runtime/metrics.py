"""What the roles count about themselves, named as Prometheus would have it.

`self_metrics` publishes it to the journal, where rules see it, and `reflexarc status` shows it. What is not counted but
stands in some state is measured by whoever owns that state, as the families that `gauge` and `gauges` make.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Protocol, get_args

from prometheus_client import PROCESS_COLLECTOR, REGISTRY, Counter, Gauge
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.outcomes import Status
from schemas.reasons import Reason


class Analyzed(Protocol):
    """What a log analyzer says of itself."""

    @property
    def events(self) -> int: ...
    @property
    def templates(self) -> int: ...
    @property
    def evicted(self) -> int: ...
    @property
    def untold(self) -> int: ...


# --- every role ---

BUS_DISCONNECTS = Counter("reflexarc_bus_disconnects_total", "How often the connection to the bus broke.")
BUS_REPEATED = Counter(
    "reflexarc_bus_requests_repeated_total", "Publications and requests sent again, as the bus did not answer."
)

# --- engine and actuator ---

DEAD = Counter(
    "reflexarc_dead_messages_total", "Messages that could not be decoded, by the subject they came on.", ["kind"]
)

# --- agent ---

READINGS = Counter("reflexarc_readings_total", "Readings that a collector took.", ["collector"])
LAST_READING = Gauge(
    "reflexarc_last_reading_timestamp_seconds", "When a collector took its newest samples.", ["collector"]
)
DROPPED = Counter(
    "reflexarc_outbox_dropped_readings_total",
    "Readings that could not be sent for so long that newer took their place.",
)

# --- engine ---

MESSAGES = Counter("reflexarc_messages_total", "Journal messages applied.", ["kind"])
DECISIONS = Counter("reflexarc_decisions_total", "What was done or held back, by reason.", ["reason"])
RULE_ERRORS = Counter("reflexarc_rule_reload_failures_total", "Edits of the rules that were refused.")
SNAPSHOT_TIME = Gauge("reflexarc_snapshot_timestamp_seconds", "When the newest snapshot was taken; 0: none yet.")
SNAPSHOT_DURATION = Gauge("reflexarc_snapshot_duration_seconds", "How long the newest snapshot took until stored.")
SNAPSHOT_BYTES = Gauge("reflexarc_snapshot_bytes", "Size of the newest snapshot.")
SNAPSHOT_FAILURES = Counter("reflexarc_snapshot_failures_total", "Snapshots that could not be taken.")

# --- actuator ---

COMMANDS = Counter(
    "reflexarc_commands_total", "Commands answered, by verb and status of the outcome.", ["verb", "status"]
)

REFUSED = Counter(
    "reflexarc_commands_refused_total",
    "Commands that were not taken for what they claim to be, or not allowed, by reason.",
    ["reason"],
)
REFUSALS = (
    Reason.UNSIGNED,
    Reason.UNKNOWN_KEY,
    Reason.KEY_NOT_VALID,
    Reason.UNFENCED,
    Reason.BAD_SIGNATURE,
    Reason.UNDECODABLE,
    Reason.REPLAYED,
    Reason.FENCED,
    Reason.NOT_AUTHORIZED,
)
"""Why a message that came in place of a command is refused; the last of them with an outcome."""

# A counter that appears with its first count has not grown, to PromQL: what rules look at is there from the start.
for _kind in ("metrics", "events", "outcomes", "control", "inventory", "ticks", "commands"):
    DEAD.labels(kind=_kind)
for _reason in Reason:
    DECISIONS.labels(reason=_reason)

for _reason in REFUSALS:
    REFUSED.labels(reason=_reason)

_EVERY: tuple[Collector, ...] = (PROCESS_COLLECTOR, BUS_DISCONNECTS, BUS_REPEATED)
_SNAPSHOTS = (SNAPSHOT_TIME, SNAPSHOT_DURATION, SNAPSHOT_BYTES, SNAPSHOT_FAILURES)

OF_ROLE: Mapping[str, tuple[Collector, ...]] = {
    "agent": (*_EVERY, READINGS, LAST_READING, DROPPED),
    "engine": (*_EVERY, DEAD, MESSAGES, DECISIONS, RULE_ERRORS, *_SNAPSHOTS),
    "actuator": (*_EVERY, DEAD, COMMANDS, REFUSED),
}
"""What each role publishes of it."""


def count_commands(verbs: Iterable[str]) -> None:
    """Have a count of each outcome of these verbs from now on."""
    for verb, status in product(verbs, get_args(Status)):
        COMMANDS.labels(verb=verb, status=status)


def gauge(name: str, help_text: str, value: float) -> Metric:
    """One number that some state holds."""
    return GaugeMetricFamily(name, help_text, value=value)


def counter(name: str, help_text: str, value: float) -> Metric:
    """What some state has counted."""
    return CounterMetricFamily(name, help_text, value=value)


def gauges(name: str, help_text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Metric:
    """Such numbers, each by the values of its labels."""
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def lease(epoch: int) -> Metric:
    """Which of the holders of its lease this role is."""
    return gauge("reflexarc_lease_epoch", "Epoch of the lease that this role holds; it grows with each holder.", epoch)


def outbox(*, readings: int, events: int) -> Iterator[Metric]:
    """What an agent has not sent yet. Not by source: there may be one for every target of a scrape."""
    yield gauge("reflexarc_outbox_readings", "Readings that wait to be sent.", readings)
    yield gauge("reflexarc_outbox_events", "Events that wait to be sent.", events)


def redacted(counts: Mapping[str, int]) -> Metric:
    """What was taken out of events, by the name of the pattern."""
    family = CounterMetricFamily(
        "reflexarc_redacted", "Secrets taken out of events before they were sent.", labels=("pattern",)
    )
    for name, count in counts.items():
        family.add_metric((name,), count)
    return family


def analysed(analyzers: Mapping[str, Analyzed], *, put_away: int) -> Iterator[Metric]:
    """What the log analyzers of an agent have seen, by source."""
    events = CounterMetricFamily("reflexarc_analysis_events", "Log events mined for templates.", labels=("source",))
    templates = GaugeMetricFamily("reflexarc_analysis_templates", "Templates known.", labels=("source",))
    evicted = CounterMetricFamily(
        "reflexarc_analysis_templates_evicted", "Templates that had to go, as there were too many.", labels=("source",)
    )
    untold = CounterMetricFamily(
        "reflexarc_analysis_templates_untold",
        "New templates that were not told of, as too many came at once.",
        labels=("source",),
    )
    for source, each in analyzers.items():
        for family, value in (
            (events, each.events),
            (templates, each.templates),
            (evicted, each.evicted),
            (untold, each.untold),
        ):
            family.add_metric((source,), value)
    yield from (events, templates, evicted, untold)
    yield counter(
        "reflexarc_analysis_sources_put_away",
        "How often a source was put away into its file, as too many others had something to say.",
        put_away,
    )


def service(*, epoch: int, plugins: Iterable[str]) -> Iterator[Metric]:
    """An actuator service."""
    yield lease(epoch)
    yield gauges("reflexarc_actuator_plugins", "1 for each plugin that runs.", ("plugin",), {(p,): 1 for p in plugins})


def values() -> dict[str, float]:
    """All of this process' own samples, as `name{label="value"}` → value."""
    found = {}
    for metric in REGISTRY.collect():
        for sample in metric.samples:
            if sample.name.startswith("reflexarc_") and not sample.name.endswith("_created"):
                labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
                found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found
