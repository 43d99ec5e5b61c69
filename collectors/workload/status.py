"""The status file of the process actuator, as its reader sees it: possibly missing, possibly broken."""

from pathlib import Path

import msgspec

from schemas.workloads import ReplicaStatus, WorkloadsStatus


class StatusFile:
    """The replicas that the file lists, or listed when it could last be read.

    A file that cannot be read says nothing about the processes: those last known go on being watched.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._decoder = msgspec.json.Decoder(WorkloadsStatus)
        self.replicas: tuple[ReplicaStatus, ...] = ()
        self.readable = False

    def refresh(self) -> None:
        """Read the file; a few kilobytes, so there is nothing to gain from asking first whether it changed."""
        try:
            self.replicas = self._decoder.decode(self._path.read_bytes()).replicas
            self.readable = True
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            self.readable = False
