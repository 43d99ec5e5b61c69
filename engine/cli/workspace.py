"""The demo's folder: what is made in it is gone afterwards, processes too, unless there is something to look into."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil

from schemas.workloads import WorkloadsStatus

SAME_PROCESS_S = 2.0
"""How far two readings of one process' start may be apart, as the boot time is not known exactly."""


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder that goes when all went well or a person stopped it, and stays with its logs after a failure."""
    folder = Path(tempfile.mkdtemp(prefix="reflexarc-demo-"))
    failed = False
    try:
        yield folder
    except Exception:
        failed = True
        raise
    finally:
        _end_leftovers(folder)
        if failed:
            print(f"state and logs are kept in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)


def _end_leftovers(folder: Path) -> None:
    """Workloads outlive an actuator that died; the demo leaves none behind."""
    file = folder / "actuator" / "workloads.status.json"
    if not file.exists():
        return
    for replica in msgspec.json.decode(file.read_bytes(), type=WorkloadsStatus).replicas:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(replica.pid)
            if abs(process.create_time() - replica.created_s) < SAME_PROCESS_S:
                process.kill()
