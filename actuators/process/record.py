"""What the actuator remembers of a workload: one immutable value, written whole before every act and after it.

The record comes first and the machine follows: a command is begun by recording what shall be (`pending`), and carried
out by making it so. Values only; how they change is in `changes`, how they are kept in `store`.
"""

from typing import Any

import msgspec

from actuators.process.processes import Process
from schemas.outcomes import Undo


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """One start of a replica, as its `generation`. `process` is None until it is certain that it was started."""

    generation: int
    version: str
    port: int = 0
    process: Process | None = None


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One replica's place in the rotation.

    `generation` counts how often another process took this place: every start, and every return of an isolated one. It
    never runs backwards, so a condition on it can never mean a later process. `command` is the act that changed the
    slot last; `pending` is what that act has still to put here.
    """

    replica: int
    generation: int = 0
    starts: int = 0
    port: int = 0
    command: str = ""
    current: Launch | None = None
    pending: Launch | None = None


class Isolated(msgspec.Struct, frozen=True, kw_only=True):
    """A process that `command` took out of rotation when its replica was at `generation`."""

    replica: int
    generation: int
    command: str
    launch: Launch


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """`command` isolated the whole workload, at its `generation`; `released_by` is the act that undoes it."""

    generation: int
    command: str
    released_by: str = ""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """An act begun on `target`, and when `after` is set, done; or `abandoned` half-way, for a newer one."""

    command: str
    target: str
    before: dict[str, Any]
    after: dict[str, Any] | None = None
    detail: str = ""
    undo: Undo | None = None
    abandoned: bool = False


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What the file said of the workload when it was last applied."""

    version: str
    replicas: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A workload. `history` are its versions, the present one last; rolling back shortens it, so that going back
    twice never returns to the version that was left for being bad. `left` is what it was before that, for its undo.
    """

    name: str
    declared: Declared | None = None
    generation: int = 0
    revision: int = 0
    history: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    replicas: int = 0
    stopped: bool = False
    slots: tuple[Slot, ...] = ()
    isolated: tuple[Isolated, ...] = ()
    frozen: Frozen | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def version(self) -> str:
        return self.history[-1] if self.history else ""

    @property
    def previous_version(self) -> str | None:
        return self.history[-2] if len(self.history) > 1 else None

    @property
    def wanted(self) -> tuple[Slot, ...]:
        """The slots of the replicas that the workload should have."""
        return self.slots[: self.replicas]

    @property
    def unfinished(self) -> Mark | None:
        """The act that was begun and is not known to be done; beginning another one ends it."""
        return next((mark for mark in self.marks if mark.after is None and not mark.abandoned), None)

    @property
    def isolation(self) -> Frozen | None:
        """How the workload is isolated as a whole; None where that was begun and is not known to be done."""
        begun = self.unfinished
        return None if begun and self.frozen and begun.command == self.frozen.command else self.frozen

    def mark(self, command: str) -> Mark | None:
        return next((mark for mark in self.marks if mark.command == command), None)
