"""What the collector says of a stand-in cluster."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Any

import yaml

from collectors.kubernetes import collect
from collectors.kubernetes.config import KubernetesConfig
from schemas.events import Event
from schemas.labels import METRIC_NAME, Labels
from schemas.plugins import Occurrence, Reading
from tests.collectors.contexts import context
from tests.kubernetes_server import KubernetesServer

PATIENCE_S = 180
"""A cluster of somebody's may take so long to start a pod."""
FAST: dict[str, Any] = {"quiet_s": 0.0, "retry_s": 0.001, "interval_s": 0.02}


def settings(server: KubernetesServer, folder: Path, **given: Any) -> dict[str, Any]:
    """Those of a collector in a hurry."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(server.kubeconfig(token="secret-of-the-test")), encoding="utf-8")
    return {"kubeconfig": kubeconfig, **FAST, **given}


class Told:
    """What the collector has told so far: the last of each source, and every event."""

    def __init__(self, readings: AsyncGenerator[Reading, None]) -> None:
        self._readings = readings
        self.sources: dict[str, dict[Labels, float]] = {}
        self.events: list[Event] = []

    async def one(self) -> Reading:
        reading = await anext(self._readings)
        if isinstance(reading, Occurrence):
            self.events.append(reading.event)
        else:
            self.sources[reading.source or ""] = dict(zip(reading.series, reading.values, strict=True))
        return reading

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not done():
                await self.one()

    async def until_is(self, wanted: float, metric: str, **labels: str) -> None:
        """Until the one series with these labels has this value."""
        await self.until(lambda: self.value(metric, **labels) == wanted)

    def value(self, metric: str, **labels: str) -> float | None:
        """Of the one series with these labels, or None."""
        wanted = {METRIC_NAME: metric, **labels}.items()
        found = [value for series in self.sources.values() for each, value in series.items() if wanted <= set(each)]
        assert len(found) < 2, found
        return found[0] if found else None

    @property
    def synced(self) -> bool:
        """Whether everything is listed and watched."""
        watching = [value for each, value in self.sources.get("", {}).items() if "watching" in dict(each)[METRIC_NAME]]
        return bool(watching) and all(watching)


@contextlib.asynccontextmanager
async def collecting(folder: Path, last: Event | None, given: dict[str, Any]) -> AsyncIterator[Told]:
    """The collector at work; `last` is its own last event in the journal."""

    async def last_event(_: str) -> Event | None:
        return last

    config = KubernetesConfig.model_validate(given)
    async with contextlib.aclosing(collect(config, context(folder, last_event=last_event))) as readings:
        yield Told(readings)


@contextlib.asynccontextmanager
async def following(
    server: KubernetesServer, folder: Path, last: Event | None = None, **given: Any
) -> AsyncIterator[Told]:
    """The collector at work on the stand-in."""
    async with collecting(folder, last, settings(server, folder, **given)) as told:
        yield told


def lines(metrics: Any) -> dict[str, float]:
    """Metrics as kube-state-metrics prints them, without the quotes."""
    return {
        f"{name}{{{','.join(f'{label}={text}' for label, text in pairs)}}}": value for name, pairs, value in metrics
    }
