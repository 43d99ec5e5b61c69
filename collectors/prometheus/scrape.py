"""One target, scraped again and again: fetch, read, report. Which targets there are is not decided here."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping

import structlog

from collectors.grid import Grid
from collectors.prometheus.about import PageMetadata
from collectors.prometheus.config import ScrapeConfig
from collectors.prometheus.exposition import Malformed
from collectors.prometheus.failure import ScrapeFailed
from collectors.prometheus.http import HttpClient
from collectors.prometheus.known_lines import KnownLines, Page
from collectors.prometheus.negotiation import grammar_of, request_headers
from collectors.prometheus.series import SeriesNames
from collectors.prometheus.targets import Target
from collectors.prometheus.timed import TimedSamples
from schemas.plugins import Samples
from schemas.samples import Metadata

log = structlog.get_logger()


class Scraper:
    """Scrapes one target and hands what it reads to `put`; `source` is the name of it all on the bus."""

    def __init__(
        self,
        job: ScrapeConfig,
        target: Target,
        source: str,
        client: HttpClient,
        now_ms: Callable[[], int],
        put: Callable[[Samples], None],
    ) -> None:
        self._job = job
        self._target = target
        self._source = source
        self._client = client
        self._now_ms = now_ms
        self._put = put
        self._headers = request_headers(job, target.timing.timeout_ms)
        self._names = SeriesNames(job, target.labels)
        self._lines = KnownLines(self._names.resolve, honor_timestamps=job.honor_timestamps)
        self._about = PageMetadata()
        self._timed = TimedSamples(source)
        self._trouble = ""

    async def run(self) -> None:
        """Scrape on the target's own grid until cancelled."""
        await asyncio.sleep(offset_s(self._target))
        grid = Grid(self._target.timing.interval_ms / 1000)
        while True:
            await grid.tick()
            await self._scrape()

    async def _scrape(self) -> None:
        clock = asyncio.get_running_loop().time
        time_ms, start_s = self._now_ms(), clock()
        up, trouble = 1.0, ""
        about: Mapping[str, Metadata] = {}
        try:
            page, about = await self._page(time_ms)
            if page.repeated:
                trouble = f"{page.repeated} samples are of a series that the scrape has already; the first counts"
        except ScrapeFailed as failure:
            up, trouble = 0.0, str(failure)
            page = Page(scraped=failure.scraped, kept=failure.kept)
        self._tell(trouble)
        report = (up, clock() - start_s, float(page.scraped), float(page.kept), float(page.added))
        series, values = self._names.reports + page.series, [*report, *page.values]
        self._put(Samples(time_ms, series, values, self._source, metadata=about))
        for samples in self._timed.readings(page, about):
            self._put(samples)

    async def _page(self, time_ms: int) -> tuple[Page, Mapping[str, Metadata]]:
        """The page, and what it says of its metrics. Raises `ScrapeFailed`."""
        timeout_ms = self._target.timing.timeout_ms
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                response = await self._client.get(self._target.url, self._headers, self._job.body_size_limit_bytes)
            grammar = grammar_of(response.content_type, self._job.fallback_scrape_protocol)
            text = response.body.decode()
            page = self._lines.read(text, grammar)
        except TimeoutError as error:
            raise ScrapeFailed(f"no complete answer within {timeout_ms} ms") from error
        except (Malformed, UnicodeDecodeError) as error:
            raise ScrapeFailed(str(error)) from error
        if 0 < self._job.sample_limit < page.kept - page.repeated:
            why = f"{page.kept - page.repeated} samples (sample_limit {self._job.sample_limit})"
            raise ScrapeFailed(why, scraped=page.scraped, kept=page.kept)
        return page, self._about.of(text, grammar, time_ms, learned=page.added > 0)

    def _tell(self, trouble: str) -> None:
        """Once for each new trouble, not once a scrape."""
        if trouble and trouble != self._trouble:
            log.warning("scrape_trouble", job=self._job.job_name, url=self._target.url, why=trouble)
        elif self._trouble and not trouble:
            log.info("scrape_well_again", job=self._job.job_name, url=self._target.url)
        self._trouble = trouble


def offset_s(target: Target) -> float:
    """Where in the interval a target's moments lie, seconds: always the same for it, and spread evenly over all."""
    digest = hashlib.blake2b(repr((target.labels, target.url)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 * target.timing.interval_ms / 1000
