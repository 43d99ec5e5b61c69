"""What goes out of a step: frozen values in the order in which they were decided."""

from dataclasses import dataclass

from schemas.alerts import AlertTransition
from schemas.audit import AuditEntry
from schemas.commands import Command


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message could not be applied: it goes to DEAD with this reason."""

    reason: str


Effect = AlertTransition | Command | AuditEntry | Rejected
