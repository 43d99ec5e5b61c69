"""One job: the scrapers of the targets that are there now.

A target that hangs delays nobody, since each has a task of its own. One that discovery no longer finds is let go, and
its series are ended.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from collectors.prometheus.config import ScrapeConfig, TargetGroup
from collectors.prometheus.discovery import discover_files, discover_http
from collectors.prometheus.http import HttpClient
from collectors.prometheus.scrape import Scraper
from collectors.prometheus.targets import Target, Timing, discovered_labels, target_of
from collectors.prometheus.timed import timed_source
from schemas.plugins import Samples

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Running:
    target: Target
    task: asyncio.Task[None]


class Job:
    """Runs one scrape configuration; whatever is read goes to `put`."""

    def __init__(
        self, config: ScrapeConfig, timing: Timing, now_ms: Callable[[], int], put: Callable[[Samples], None]
    ) -> None:
        self._config = config
        self._timing = timing
        self._now_ms = now_ms
        self._put = put
        self._client = HttpClient(config)
        self._found: dict[int, Sequence[TargetGroup]] = {0: config.static_configs}
        self._running: dict[str, _Running] = {}

    async def run(self) -> None:
        """Scrape all targets until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                found = partial(self._on_found, group)
                self._sync(group)
                for at, files in enumerate(self._config.file_sd_configs, 1):
                    group.create_task(discover_files(files, partial(found, at)))
                for at, server in enumerate(self._config.http_sd_configs, 1 + len(self._config.file_sd_configs)):
                    group.create_task(discover_http(server, partial(found, at)))
        finally:
            await self._client.close()

    def _on_found(self, group: asyncio.TaskGroup, provider: int, groups: Sequence[TargetGroup]) -> None:
        self._found[provider] = groups
        self._sync(group)

    def _sync(self, group: asyncio.TaskGroup) -> None:
        """Let go of the targets that are gone, start on those that are new, leave alone those that stay."""
        wanted = sources(self._config.job_name, self._targets())
        before, self._running = self._running, {}
        for source, running in before.items():
            if wanted.get(source) == running.target:
                self._running[source] = running
                continue
            running.task.cancel()
            if source not in wanted:
                for gone in (source, timed_source(source)):
                    self._put(Samples(self._now_ms(), (), (), gone))
        for source, target in wanted.items():
            if source not in self._running:
                scraper = Scraper(self._config, target, source, self._client, self._now_ms, self._put)
                self._running[source] = _Running(target, group.create_task(scraper.run()))

    def _targets(self) -> list[Target]:
        """All targets found, each once."""
        groups = [group for _, found in sorted(self._found.items()) for group in found]
        targets: dict[Target, None] = {}
        for labels in discovered_labels(groups):
            try:
                if target := target_of(labels, self._config, self._timing):
                    targets[target] = None
            except ValueError as error:
                log.warning("target_refused", job=self._config.job_name, why=str(error))
        return self._within_limit(list(targets))

    def _within_limit(self, targets: list[Target]) -> list[Target]:
        limit = self._config.target_limit
        if 0 < limit < len(targets):
            log.error("target_limit", job=self._config.job_name, targets=len(targets), limit=limit)
            return []
        return targets


def sources(job: str, targets: Iterable[Target]) -> dict[str, Target]:
    """The targets by the name of their source; those that share an instance are told apart by a digest."""
    named = [(f"scrape:{job}:{dict(target.labels)['instance']}", target) for target in targets]
    count = Counter(name for name, _ in named)
    return {name if count[name] == 1 else f"{name}:{_digest(target)}": target for name, target in named}


def _digest(target: Target) -> str:
    return hashlib.blake2b(repr(target).encode(), digest_size=6).hexdigest()
