"""Where the actuator keeps what it knows: one directory, written by one thread.

    <state_dir>/workloads.status.json            the rotation, for collectors and people
    <state_dir>/workloads/accepted.json          the declarations that were last accepted
    <state_dir>/workloads/<workload>/record.json
    <state_dir>/workloads/<workload>/evidence/   of isolated processes
    <state_dir>/workloads/<workload>/<replica>/  log, work (its current directory), launch marks

Everything is replaced atomically and synced. The one thread keeps writes in the order they were asked for, even when
whoever asked was cancelled meanwhile; so what is read through it is the truth.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

import msgspec

from actuators.process.record import Record
from schemas.plugins import EffectFailed
from schemas.workloads import WorkloadsFile, WorkloadsStatus

P = ParamSpec("P")
T = TypeVar("T")

_POLL_S = 0.02


class Store:
    """The state directory of one actuator, held under a lock until `close`."""

    def __init__(self, state_dir: Path) -> None:
        self.root = state_dir / "workloads"
        self._status = state_dir / "workloads.status.json"
        self._accepted = self.root / "accepted.json"
        self.root.mkdir(parents=True, exist_ok=True)
        self._owner = (self.root / "actuator.lock").open("wb")
        self._thread = ThreadPoolExecutor(1, "workload-store")

    async def own(self, wait_s: float) -> None:
        """Become the only actuator of this directory. Raises `TimeoutError` when another one lives on."""
        try:
            async with asyncio.timeout(wait_s):
                while not _lock(self._owner.fileno()):
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise TimeoutError(f"another process actuator runs on {self.root}") from None

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a blocking function in the store's thread, after all calls before. A machine that refuses (a full
        disk) is `EffectFailed`."""
        call = self._thread.submit(function, *args, **kwargs)
        try:
            return await asyncio.wrap_future(call)
        except OSError as error:
            raise EffectFailed(str(error)) from error

    def close(self) -> None:
        self._thread.shutdown()
        self._owner.close()

    # --- blocking; called through `run` ---

    def load(self, workload: str) -> Record:
        path = self.root / workload / "record.json"
        return msgspec.json.decode(path.read_bytes(), type=Record) if path.exists() else Record(name=workload)

    def save(self, record: Record) -> None:
        write(self.root / record.name / "record.json", msgspec.json.encode(record))

    def publish(self, status: WorkloadsStatus) -> None:
        write(self._status, msgspec.json.encode(status))

    def accepted(self) -> WorkloadsFile | None:
        return WorkloadsFile.model_validate_json(self._accepted.read_bytes()) if self._accepted.exists() else None

    def accept(self, file: WorkloadsFile) -> None:
        write(self._accepted, file.model_dump_json().encode())

    # --- paths ---

    def evidence(self, workload: str, replica: int, generation: int) -> Path:
        return self.root / workload / "evidence" / f"{replica}-{generation}"

    def replica(self, workload: str, replica: int) -> Path:
        return self.root / workload / str(replica)


def write(path: Path, content: bytes) -> None:
    """Replace the file by `content`, whole or not at all, and lasting once this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def tail(path: Path, lines: int, limit_bytes: int = 65536) -> str:
    """The last lines of a file, as far as they lie in its last `limit_bytes`; "" when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - limit_bytes))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
