"""One incident as it unfolds, in steps that a person can follow: sensed, pending, firing, decided, commanded, acted,
verified, resolved. From audit entries to words; nothing here reads a stream or prints.
"""

from dataclasses import dataclass

from engine.cli.history import Happening
from schemas.audit import AuditEntry
from schemas.reasons import Reason


@dataclass(frozen=True)
class Moment:
    """Something happened at `time_ms`, Unix milliseconds of the bus."""

    step: str
    time_ms: int
    what: str


class Timeline:
    """The first episode of an alert that comes to something, out of all that the audit tells."""

    def __init__(self, alert: str) -> None:
        self._alert = alert
        self._episode: tuple[str, int] | None = None
        self._ladder: str | None = None
        self._begin()

    def take(self, happening: Happening) -> list[Moment]:
        """What this entry adds to the incident; nothing if it is about something else."""
        added = self._moments(happening)
        self.moments += added
        return added

    @property
    def healed(self) -> bool:
        """A step was verified and the alert is resolved."""
        return self.verified_by is not None and any(moment.step == "resolved" for moment in self.moments)

    @property
    def over(self) -> bool:
        return self.healed or self.failure is not None

    def _begin(self) -> None:
        self.moments: list[Moment] = []
        self.verified_by: str | None = None
        """The verb of the step that helped."""
        self.failure: Reason | None = None
        """Why the ladder ended without."""

    def _moments(self, happening: Happening) -> list[Moment]:
        entry = happening.entry
        if entry.kind == "transition" and entry.rule == self._alert:
            return self._transition(happening)
        if entry.ladder and _episode(entry) == self._episode:
            self._ladder = entry.ladder
        return self._climb(happening) if self._ladder and entry.ladder == self._ladder else []

    def _transition(self, happening: Happening) -> list[Moment]:
        entry = happening.entry
        moments = [Moment(entry.state, happening.time_ms, entry.rule)]
        if self._episode is None:
            self._begin()
            self._episode = _episode(entry)
            moments.insert(0, Moment("sensed", happening.time_ms, f"in journal message {entry.onset}"))
        elif _episode(entry) != self._episode:
            return []
        elif entry.state == "inactive":  # a blip shorter than `for`: wait for the next one
            self._episode = None
        return moments

    def _climb(self, happening: Happening) -> list[Moment]:
        entry, time_ms = happening.entry, happening.time_ms
        match entry.kind:
            case "command":
                decided = Moment("decided", time_ms, f"{entry.detail} ({entry.reason})")
                return [decided, Moment("commanded", happening.stored_ms, f"{entry.verb} {entry.target}")]
            case "outcome":
                return [Moment("acted", time_ms, _outcome(entry))]
            case _ if entry.reason is Reason.VERIFIED:
                self.verified_by = entry.verb
                return [Moment("verified", time_ms, f"{entry.verb} {entry.target}")]
            case _ if entry.state == "ended":
                self.failure = entry.reason
                return [Moment("ended", time_ms, str(entry.reason))]
            case _:
                return [Moment("held", time_ms, str(entry.reason))]


def _episode(entry: AuditEntry) -> tuple[str, int]:
    return entry.alert, entry.onset


def _outcome(entry: AuditEntry) -> str:
    return f"{entry.verb} {entry.state}" + (f": {entry.detail}" if entry.detail else "")
