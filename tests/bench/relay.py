"""The middle of the bare chain, a process of its own: whatever comes is published again, and nothing else is done."""

import asyncio
import sys
from pathlib import Path

from engine.runtime import credentials
from engine.runtime.bus import Bus
from engine.runtime.journal import read

STREAM_IN, SUBJECT_IN = "BENCH_IN", "ops.bench.in"
STREAM_OUT, SUBJECT_OUT = "BENCH_OUT", "ops.bench.out"


def main() -> None:
    """Run until stopped, with the credentials file that is named on the command line."""
    asyncio.run(_run(Path(sys.argv[1])))


async def _run(credentials_file: Path) -> None:
    bus = await Bus.connect(*credentials.load(credentials_file).access("engine"), name="bench-relay")
    async for batch in read(bus, STREAM_IN):
        for received in batch:
            await bus.publish(SUBJECT_OUT, received.data)


if __name__ == "__main__":
    main()
