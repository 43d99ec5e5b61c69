"""One step of the core in progress: what the halves and the ladders share while they decide."""

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from engine.core.effects import Effect
from engine.core.remediation import Ladder
from engine.core.state import State
from engine.core.timers import Timer
from schemas.audit import AuditEntry, EntryKind
from schemas.reasons import Reason

T = TypeVar("T")


@dataclass
class Turn:
    """The state it changes, where it is in time and journal, and what was decided so far."""

    state: State
    now_ms: int
    seq: int
    effects: list[Effect] = field(default_factory=list)
    _known: dict[Hashable, Any] = field(default_factory=dict)
    over: deque[tuple[Ladder, Reason]] = field(default_factory=deque)
    """Children that have ended, for which their parents wait."""
    begun: deque[Ladder] = field(default_factory=deque)
    """Ladders that the one at work gives rise to, which begin when it waits or is over."""

    def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """What is asked for more than once and stays the same for as long as it is this instant."""
        full = (self.now_ms, key)
        if full not in self._known:
            self._known[full] = work()
        known: T = self._known[full]
        return known

    def forget(self) -> None:
        """What was known rested on rules that are no longer."""
        self._known.clear()

    def note(
        self, ladder: Ladder, reason: Reason, detail: str = "", kind: EntryKind = "decision", by: str = ""
    ) -> None:
        """Put on record why something was done, or was not."""
        command = ladder.command
        self.effects.append(
            AuditEntry(
                kind=kind,
                reason=reason,
                rule=ladder.origin.name,
                target=command.target if command and kind == "command" else ladder.target,
                alert=ladder.alert,
                onset=ladder.onset,
                ladder=ladder.id,
                command=command.id if command else "",
                verb=ladder.current.verb,
                step=ladder.step,
                state=ladder.phase,
                detail=detail,
                by=by,
            )
        )

    def wake_at(self, ladder: Ladder, at_ms: int) -> None:
        """Look at the ladder again when it is `at_ms`."""
        self.state.timers.set(Timer(at_ms, "wake", 0, ladder.key))
