"""From the bytes of a push to readings that are stored: what HTTP has nothing to do with."""

import asyncio
from collections.abc import Callable

from collectors.remote_write.about import KnownMetadata
from collectors.remote_write.counts import Counts
from collectors.remote_write.known import KnownSeries
from collectors.remote_write.request import Column, read
from schemas.plugins import CollectorContext, Samples
from schemas.samples import unpack_values


class Intake:
    """Remembers what was pushed, and hands on every push to `put`."""

    def __init__(
        self, source: str, max_series: int, context: CollectorContext, counts: Counts, put: Callable[[Samples], None]
    ) -> None:
        self._source = source
        self._context = context
        self._counts = counts
        self._put = put
        self._known = KnownSeries(max_series)
        self._metadata = KnownMetadata()

    async def store(self, data: bytes) -> None:
        """Return when all samples of a push are stored; cancelled, what was not sent yet is not sent any more.

        Raises `Malformed` or `TooManySeries`, and then nothing of it is stored.
        """
        self._known.forget(self._context.now_ms())
        push = read(data, self._known)
        self._metadata.update(push.metadata)
        self._counts.series = len(self._known.places)
        self._counts.dropped.update(exemplar=push.exemplars, histogram=push.histograms)
        receipts = [self._hand_on(column) for column in push.columns]
        await asyncio.gather(*receipts)
        self._counts.samples += sum(len(column.at) for column in push.columns)

    def _hand_on(self, column: Column) -> asyncio.Future[None]:
        receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._put(
            Samples(
                time_ms=column.time_ms,
                series=column.chunk.layout(),
                values=unpack_values(b"".join(column.values)),
                source=self._source,
                at=column.at,
                metadata=column.chunk.about(self._metadata),
                receipt=receipt,
            )
        )
        return receipt
