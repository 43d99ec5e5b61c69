"""The log analyzers of an agent: what they are given, and when what they know is kept.

Events are mined when they are about to be stored, and what follows from them is stored in the same message, so that
either both are in the journal or neither is. What an analyzer knows is in a file that is never ahead of the journal:
it is written when a message is stored, at once where something was said in it, otherwise every `save_every_s`. A
process that is killed between storing and writing is behind by that one message, the newest of its subject, and the
next process learns from it before it goes on. So what was said is not said again, and nothing is left unsaid. What was
only counted since the file was written is lost.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path

import msgspec
import structlog
from prometheus_client.metrics_core import Metric

from engine.analysis.analyzer import Analyzer
from engine.analysis.settings import Settings
from engine.analysis.state import State
from engine.runtime import metrics
from engine.runtime.publishing import now_ms
from schemas.events import Event

log = structlog.get_logger()

UNUSED_MS = 30 * 86_400_000
"""What is known of a source is forgotten when it has said nothing for so long; files with a date in their name end."""


@dataclass(frozen=True, kw_only=True)
class AnalysisConfig:
    """`sources` are patterns as a shell has them, of which a source's name must fit one. At most `max_sources` are held
    in memory at once."""

    settings: Settings
    sources: Sequence[str]
    max_sources: int
    save_every_s: float


class Analyses:
    """All of them, with their files in `folder`."""

    def __init__(self, config: AnalysisConfig, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self._awake: dict[str, Watch] = {}
        """Those in memory, the longest unused first."""
        self._put_away = 0
        _tidy(folder)

    def of(self, source: str, newest: Sequence[Event]) -> "Watch | None":
        """The one of this source, if it has one. `newest` is the newest message that is stored of it."""
        if not any(fnmatchcase(source, pattern) for pattern in self._config.sources):
            return None
        name = blake2b(source.encode(), digest_size=16).hexdigest()
        watch = Watch(source, self._config, self._folder / f"{name}.json", self._used)
        watch.catch_up(newest)
        return watch

    def measured(self) -> Iterator[Metric]:
        """What they have seen, by source."""
        every = {source: watch.analyzer for source, watch in self._awake.items()}
        return metrics.analysed(every, put_away=self._put_away)

    def _used(self, watch: "Watch") -> None:
        self._awake.pop(watch.source, None)
        longest_unused = list(self._awake.values())
        self._awake[watch.source] = watch
        for each in longest_unused[: max(0, len(self._awake) - self._config.max_sources)]:
            if each.rest():
                del self._awake[each.source]
                self._put_away += 1


class Watch:
    """The analyzer of one source, on the way of its events to the journal. `used` is told before each use of it."""

    def __init__(self, source: str, config: AnalysisConfig, file: Path, used: "Callable[[Watch], None]") -> None:
        self.source = source
        self._config = config
        self._file = file
        self._used = used
        self._analyzer: Analyzer | None = None
        self._saved_ms = now_ms()
        self._is_settled = True
        self._has_said = False
        self._last = ""
        self._stored: frozenset[str] = frozenset()

    @property
    def analyzer(self) -> Analyzer:
        """As it is in memory, or else in its file."""
        if self._analyzer is None:
            self._analyzer = Analyzer(self.source, self._config.settings, _read(self._file))
        return self._analyzer

    def catch_up(self, newest: Sequence[Event]) -> None:
        """Learn what is stored in the newest message, as far as it is not known; what follows from it is there too."""
        self._used(self)
        ids = [event.id for event in newest]
        self._last = ids[-1] if ids else ""
        self._stored = frozenset(ids)
        known = self.analyzer.last
        for event in newest[ids.index(known) + 1 if known in ids else 0 :]:
            self.analyzer.observe(event, now_ms())

    def mined(self, events: Sequence[Event]) -> Sequence[Event]:
        """The events, each with what follows from it behind it. They are to be stored; then comes `stored`."""
        self._used(self)
        self._is_settled = False
        found: list[Event] = []
        for event in events:
            found.append(event)
            if event.id not in self._stored:  # somebody pushes once more what the last process has stored
                found += self.analyzer.observe(event, now_ms())
        self._has_said = self._has_said or len(found) > len(events)
        self._last = found[-1].id if found else self._last
        return found

    def stored(self) -> None:
        """What was mined is in the journal."""
        self._is_settled = True
        if self._has_said or not 0 <= now_ms() - self._saved_ms < self._config.save_every_s * 1000:
            self._save()

    def close(self) -> None:
        """Keep what it knows, unless that is ahead of what is stored."""
        self.rest()

    def rest(self) -> bool:
        """Let go of what it knows, which is kept; but not while something is on its way to be stored."""
        if self._is_settled and self._analyzer:
            self._save()
            self._analyzer = None
        return self._is_settled

    def _save(self) -> None:
        written = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            written.touch(mode=0o600)
            written.write_bytes(msgspec.json.encode(self.analyzer.state(self._last)))
            written.replace(self._file)
        except OSError as error:
            log.error("analysis_not_kept", file=str(self._file), error=str(error))
        self._saved_ms, self._has_said = now_ms(), False


def _read(file: Path) -> State | None:
    """What was kept; None where nothing was or nobody can read it, which is learned anew."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        log.error("analysis_unreadable", file=str(file), error=str(error))
        return None


def _tidy(folder: Path) -> None:
    """Delete what is known of sources that have said nothing for long."""
    for file in sorted(folder.glob("*.json")):
        if file.stat().st_mtime * 1000 < now_ms() - UNUSED_MS:
            file.unlink(missing_ok=True)
