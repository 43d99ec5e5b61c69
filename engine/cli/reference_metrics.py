"""The page of what every role publishes of itself, from the declarations of its metrics."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from prometheus_client.metrics_core import Metric

from engine.core.state import State
from engine.runtime import metrics
from engine.runtime.engine_metrics import measured

ROLES = ("agent", "engine", "actuator")


class Published(NamedTuple):
    """One metric. Whether there are series of it just now is another matter."""

    name: str
    type: str
    help: str


def published(role: str) -> list[Published]:
    """What the role publishes of itself, by name."""
    up = Published("up", "gauge", "1, for as long as the role lives to say so.")
    counted = chain.from_iterable(each.collect() for each in metrics.OF_ROLE[role])
    return sorted({up, *(_row(family) for family in chain(counted, _measured(role)))})


def page() -> Iterator[tuple[str, list[Published]]]:
    """What every role publishes, and then what each does beside that."""
    by_role = {role: published(role) for role in ROLES}
    common = [row for row in by_role[ROLES[0]] if all(row in rows for rows in by_role.values())]
    yield "every role", common
    for role, rows in by_role.items():
        yield role, [row for row in rows if row not in common]


def _row(family: Metric) -> Published:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return Published(name, family.type, family.documentation)


def _measured(role: str) -> Iterable[Metric]:
    match role:
        case "agent":
            return [*metrics.outbox(readings=0, events=0), metrics.redacted({}), *metrics.analysed({}, put_away=0)]
        case "engine":
            return measured(State(), refused=0, left_out=0, epoch=1, now_ms=0)
        case _:
            return metrics.service(epoch=1, plugins=())
