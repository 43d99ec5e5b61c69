"""HTTP probes of replicas, under blackbox_exporter's metric names.

Each probe is a task and reports as soon as it is done, on a source of its own, so that a replica that hangs delays
neither the others nor the scrape. A replica whose probe is still under way is not asked a second time.
"""

import asyncio
from collections.abc import Callable, Sequence

import httpx

from collectors.series import SeriesCache
from collectors.workload.labels import replica_labels
from schemas.plugins import Samples
from schemas.workloads import ReplicaStatus

_BODY_LIMIT_BYTES = 65536


class Prober:
    """Probes replicas; `async with` bounds the life of its connections and of the probes under way."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        # Every probe opens its own connection: that a server still accepts is part of what is asked.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        # Health is asked for in plain HTTP, so no certificates are loaded; `trust_env` off: proxies are not for us.
        self._client = httpx.AsyncClient(limits=limits, timeout=None, trust_env=False, verify=False)
        self._under_way: dict[ReplicaStatus, asyncio.Task[Samples]] = {}
        self._sources: set[str] = set()

    async def __aenter__(self) -> "Prober":
        return self

    async def __aexit__(self, *_: object) -> None:
        await _cancel(list(self._under_way.values()))
        await self._client.aclose()

    @property
    def tasks(self) -> Sequence[asyncio.Task[Samples]]:
        """The probes under way or not yet taken."""
        return list(self._under_way.values())

    async def start(self, replicas: Sequence[ReplicaStatus]) -> list[Samples]:
        """Probe these replicas from now on, and no others; returns what ends the series of those that are gone."""
        # In the order of the file, which a set would not keep.
        probed = dict.fromkeys(replica for replica in replicas if replica.health_path is not None)
        await _cancel([self._under_way.pop(replica) for replica in list(self._under_way) if replica not in probed])
        for replica in probed:
            if replica not in self._under_way:
                self._under_way[replica] = asyncio.create_task(self._probe(replica))
        gone = self._sources - {_source(replica) for replica in probed}
        self._sources = {_source(replica) for replica in probed}
        return [Samples(self._now_ms(), (), (), source) for source in sorted(gone)]

    def take(self) -> list[Samples]:
        """The results of the probes that are done."""
        done = [replica for replica, task in self._under_way.items() if task.done()]
        return [self._under_way.pop(replica).result() for replica in done]

    async def _probe(self, replica: ReplicaStatus) -> Samples:
        clock = asyncio.get_running_loop().time
        start_s = clock()
        status = await self._status_code(replica)
        metrics = [
            ("probe_success", (), float(status // 100 == 2)),
            ("probe_duration_seconds", (), clock() - start_s),
            ("probe_http_status_code", (), float(status)),
        ]
        return SeriesCache(dict(replica_labels(replica))).samples(self._now_ms(), metrics, _source(replica))

    async def _status_code(self, replica: ReplicaStatus) -> int:
        """The response's status, its body begun; 0 where there was no response in time."""
        try:
            async with (
                asyncio.timeout(replica.health_timeout_s),
                self._client.stream("GET", f"http://{replica.instance}{replica.health_path}") as response,
            ):
                received = 0
                async for chunk in response.aiter_raw():
                    received += len(chunk)
                    if received > _BODY_LIMIT_BYTES:
                        break
                return response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return 0


def _source(replica: ReplicaStatus) -> str:
    return f"probe:{replica.workload}/{replica.replica}"


async def _cancel(tasks: Sequence[asyncio.Task[Samples]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
