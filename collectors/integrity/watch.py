"""One look at all files after the other, each of which puts down in the baseline what is to be told. It takes its time
and belongs into a thread of its own."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator

from collectors.integrity.baseline import Baseline, Proposal
from collectors.integrity.change import Change, baseline_event, event_of
from collectors.integrity.config import IntegrityConfig
from collectors.integrity.scan import Scan, Sweep
from collectors.series import Metric
from schemas.plugins import CollectorContext

MOST_AT_ONCE = 512
"""Changes that are told at a time, and so may be sent again after a crash."""


class Watch:
    """The files of a configuration."""

    def __init__(self, config: IntegrityConfig, context: CollectorContext) -> None:
        self.baseline = Baseline(context.state_dir / "integrity" / "baseline.sqlite")
        self._config = config
        self._context = context
        self._scan = Scan(config, self.baseline)
        self._sweep = Sweep(config, self.baseline)
        self._scope = json.dumps([config.paths, config.exclude])
        self._last_s: float | None = None
        self._changes: Counter[str] = Counter({"created": 0, "modified": 0, "deleted": 0, "attributes_modified": 0})

    def look(self, now_s: float) -> bool:
        """Propose what is new at this moment of a clock that runs evenly; whether there may be more of it at once."""
        if self.baseline.scope != self._scope:
            self._begin()
            return True
        elapsed_s, self._last_s = now_s - (self._last_s or now_s), now_s
        found = list(itertools.islice(self._found(elapsed_s), MOST_AT_ONCE))
        self._changes.update(change.action for change in found)
        node, now_ms = self._context.node, self._context.now_ms()
        if found:
            self.baseline.propose([Proposal(event_of(each, node, now_ms), each.path, each.after) for each in found])
        self.baseline.flush()
        return len(found) == MOST_AT_ONCE

    def metrics(self, took_s: float) -> Iterator[Metric]:
        """After a look that took so long."""
        files = self.baseline.files.values()
        not_hashed = sum(record.type == "file" and not record.sha256 for record in files)
        yield "reflexarc_integrity_files", (), float(len(files))
        yield "reflexarc_integrity_files_not_hashed", (), float(not_hashed)
        yield "reflexarc_integrity_files_left_out", (), float(self._scan.left_out)
        yield "reflexarc_integrity_scan_seconds", (), took_s
        yield "reflexarc_integrity_reread_bytes_total", (), float(self._sweep.bytes_read)
        yield "reflexarc_integrity_sweeps_total", (), float(self._sweep.rounds)
        for action, count in sorted(self._changes.items()):
            yield "reflexarc_integrity_changes_total", (("action", action),), float(count)

    def close(self) -> None:
        self._scan.stop()
        self.baseline.close()

    def _begin(self) -> None:
        """Make the baseline, or make that of another scope one of ours."""
        extent, is_first = self._scan.extent(), self.baseline.scope is None
        added = sum(record is not None for record in extent.values())
        files = len(self.baseline.files) + added - (len(extent) - added)
        now_ms, paths = self._context.now_ms(), self._config.paths
        event = baseline_event(self._context.node, paths, now_ms, files, added, is_first=is_first)
        self.baseline.extend(self._scope, extent.items(), event)

    def _found(self, elapsed_s: float) -> Iterator[Change]:
        yield from self._scan.changes()
        yield from self._sweep.changes(elapsed_s)
