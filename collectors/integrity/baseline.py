"""What the files were when it was last told of: kept in a database in the agent's state directory.

What is told of is put down before it is sent (`propose`) and becomes the baseline when it is stored (`accept`). An
agent that dies between the two finds its proposal again, and on the bus how much of it was stored.
"""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from collectors.integrity.record import Record
from schemas.events import Event

_TABLES = """
CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS proposed (nth INTEGER PRIMARY KEY, event BLOB NOT NULL, path BLOB, record BLOB);
CREATE TABLE IF NOT EXISTS scope (text TEXT NOT NULL);
"""

_log = structlog.get_logger(__name__)

_record = msgspec.msgpack.Decoder(Record)
_event = msgspec.json.Decoder(Event)


class Proposal(NamedTuple):
    """An event, and what its path is by then: None for a path that is gone; without a path it is about no file."""

    event: Event
    path: bytes | None = None
    record: Record | None = None


class Baseline:
    """`files` are the records by path. One that is opened in the same place has what the last one had.

    Where nothing can be written, such as on a full disk, it goes on in memory, and writes all of it when it can: that
    changes are told of matters more than that none is told of again.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = _opened(path)
        read = self._database.execute
        self.files = {path: _record.decode(record) for path, record in read("SELECT path, record FROM files")}
        self.proposed = [_proposal(row) for row in read("SELECT event, path, record FROM proposed ORDER BY nth")]
        found = read("SELECT text FROM scope").fetchone()
        self.scope: str | None = found[0] if found else None
        """What it is the baseline of; None before there is one."""
        self._unsaved: dict[bytes, Record | None] = {}
        self._complained = False

    def propose(self, proposals: Sequence[Proposal]) -> None:
        """Put down what is told next; nothing else may be proposed before it is accepted."""
        assert not self.proposed, "one at a time"
        self.proposed = list(proposals)
        self._save()

    def accept(self) -> None:
        """What was proposed, if anything was, is stored."""
        if not self.proposed:
            return
        for _, path, record in self.proposed:
            if path is not None:
                self._keep(path, record)
        self.proposed = []
        self._save()

    def refresh(self, records: Iterable[tuple[bytes, Record]]) -> None:
        """Of what has changed in nothing that is told of; `flush` writes it."""
        for path, record in records:
            self._keep(path, record)

    def flush(self) -> None:
        """Write what is not written yet."""
        if self._unsaved:
            self._save()

    def extend(self, scope: str, records: Iterable[tuple[bytes, Record | None]], event: Event) -> None:
        """It is the baseline of `scope` from now on, with these records too, and without those that are None."""
        for path, record in records:
            self._keep(path, record)
        self.scope = scope
        self.propose([Proposal(event)])

    def close(self) -> None:
        self._database.close()

    def _keep(self, path: bytes, record: Record | None) -> None:
        self._unsaved[path] = record
        if record is None:
            self.files.pop(path, None)
        else:
            self.files[path] = record

    def _save(self) -> None:
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                self._write()
        except sqlite3.OperationalError as error:
            if not self._complained:
                _log.error("the baseline of the files cannot be kept", error=str(error))
            self._complained = True
        else:
            self._complained = False
            self._unsaved.clear()

    def _write(self) -> None:
        write = self._database.executemany
        kept = [(path, _encoded(record)) for path, record in self._unsaved.items() if record is not None]
        write("DELETE FROM files WHERE path = ?", [(path,) for path, record in self._unsaved.items() if record is None])
        write("INSERT OR REPLACE INTO files VALUES (?, ?)", kept)
        self._database.execute("DELETE FROM proposed")
        rows = [(msgspec.json.encode(event), path, _encoded(record)) for event, path, record in self.proposed]
        write("INSERT INTO proposed (event, path, record) VALUES (?, ?, ?)", rows)
        self._database.execute("DELETE FROM scope")
        write("INSERT INTO scope VALUES (?)", [(self.scope,)] if self.scope is not None else [])


def _opened(path: Path) -> sqlite3.Connection:
    """The database at `path`; one that cannot be read is put aside, which the new baseline's event tells of."""
    try:
        return _connected(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        _log.error("the baseline of the files cannot be read and is put aside", path=str(path), error=str(error))
        path.rename(path.with_name(f"{path.name}.unreadable"))
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    # It is used by one thread at a time, though not always by the same.
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(_TABLES)
        database.execute("SELECT count(*) FROM files").fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _proposal(row: tuple[bytes, bytes | None, bytes | None]) -> Proposal:
    event, path, record = row
    return Proposal(_event.decode(event), path, None if record is None else _record.decode(record))


def _encoded(record: Record | None) -> bytes | None:
    return None if record is None else msgspec.msgpack.encode(record)
