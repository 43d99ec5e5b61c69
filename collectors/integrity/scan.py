"""From the baseline and what is there now to what has changed. It reads files and writes nothing."""

import os
from collections.abc import Iterator

from collectors.integrity.baseline import Baseline
from collectors.integrity.change import Change, compared
from collectors.integrity.config import IntegrityConfig
from collectors.integrity.record import Record, look
from collectors.integrity.walk import Scope, is_gone


class Stopped(Exception):
    """It was told to stop."""


class Scan:
    """Looks at all files of the configuration. `left_out` are those beyond `max_files`, when it looked last."""

    def __init__(self, config: IntegrityConfig, baseline: Baseline) -> None:
        self._config = config
        self._scope = Scope(config.paths, config.exclude)
        self._baseline = baseline
        self.left_out = 0
        self._stopped = False

    def stop(self) -> None:
        """Whatever is looked for in another thread ends soon, by `Stopped`."""
        self._stopped = True

    def extent(self) -> dict[bytes, Record | None]:
        """What came into the scope of the baseline and, with None, what left it. What was there before and has changed
        is a change all the same."""
        files, found = self._baseline.files, {path for path, _ in self._walk()}
        left = {path for path in files if path not in found and not is_gone(path)}
        new = sorted(found - files.keys())[: max(0, self._config.max_files - len(files) + len(left))]
        looked = ((path, self._look(path)) for path in new)
        return dict.fromkeys(sorted(left)) | {path: record for path, record in looked if record is not None}

    def changes(self) -> Iterator[Change]:
        """What has changed; records whose stat alone has are refreshed on the way."""
        files, gone = self._baseline.files, set(self._baseline.files)
        room, self.left_out = self._config.max_files - len(files), 0
        for path, found in self._walk():
            gone.discard(path)
            before = files.get(path)
            if before is not None and before.has(found):
                continue
            if before is None and (room := room - 1) < 0:
                self.left_out += 1
            elif change := self._compared(path, before):
                yield change
        yield from (Change(path, files[path], None) for path in sorted(gone) if is_gone(path))

    def _walk(self) -> Iterator[tuple[bytes, os.stat_result]]:
        for found in self._scope.walk():
            if self._stopped:
                raise Stopped
            yield found

    def _compared(self, path: bytes, before: Record | None) -> Change | None:
        after = self._look(path)
        if after is None:
            return None
        change = compared(path, before, after)
        if change is None:
            self._baseline.refresh([(path, after)])
        return change

    def _look(self, path: bytes) -> Record | None:
        """None where it cannot be looked at now; it can be the next time, or is gone by then."""
        if self._stopped:
            raise Stopped
        try:
            return look(path, self._config.max_hash_bytes)
        except OSError:
            return None


class Sweep:
    """Reads files again whose stat is what it was, one after the other and then from the beginning, within a budget of
    bytes that is filled as time passes. A file that is larger than the budget is read, and then it is waited longer."""

    def __init__(self, config: IntegrityConfig, baseline: Baseline) -> None:
        self._config = config
        self._baseline = baseline
        self._waiting: list[bytes] = []
        self._budget = 0.0
        self.bytes_read = 0
        self.rounds = 0

    def changes(self, elapsed_s: float) -> Iterator[Change]:
        """What has changed in what is read in the time since the last call."""
        per_s = self._config.reread_bytes_per_s
        self._budget = min(self._budget + per_s * elapsed_s, float(per_s * max(1.0, self._config.poll_s)))
        self._waiting = self._waiting or self._round()
        while self._budget > 0 and self._waiting:
            if change := self._read_again(self._waiting.pop()):
                yield change
            # The next round begins with the next call, so that few files are not read again and again.
            self.rounds += not self._waiting

    def _round(self) -> list[bytes]:
        return sorted((path for path, record in self._baseline.files.items() if record.sha256), reverse=True)

    def _read_again(self, path: bytes) -> Change | None:
        before = self._baseline.files.get(path)
        try:
            after = look(path, self._config.max_hash_bytes)
        except OSError:
            return None
        if after.sha256:
            self._budget -= after.size
            self.bytes_read += after.size
        if before is None or not before.looks_like(after):
            return None  # which the next scan sees
        return compared(path, before, after, silent=True)
