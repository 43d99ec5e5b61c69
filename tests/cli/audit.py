"""An audit as the engine writes it, for tests of what is read out of it: one alert, one ladder, one command."""

from typing import Any

from engine.cli.history import Happening
from schemas.audit import AuditEntry
from schemas.reasons import Reason

ALERT, LADDER, COMMAND = "a1" * 8, "b2" * 8, "c3" * 16


def happening(seq: int, **fields: Any) -> Happening:
    """Journal message `seq` comes at `seq` seconds, and its audit record 5 ms later."""
    return Happening(seq, 1000 * seq, 1000 * seq + 5, AuditEntry(**fields))


def transition(seq: int, state: str, onset: int, alert: str = ALERT, rule: str = "Down") -> Happening:
    return happening(seq, kind="transition", state=state, rule=rule, alert=alert, onset=onset)


def climbed(seq: int, kind: str, reason: Reason, onset: int, **fields: Any) -> Happening:
    about = {"rule": "g/Restart", "target": "replica:shop/0", "alert": ALERT, "verb": "restart", "ladder": LADDER}
    return happening(seq, kind=kind, reason=reason, onset=onset, **{**about, "command": COMMAND, **fields})


def outcome(seq: int, state: str = "succeeded", ladder: str = LADDER, command: str = COMMAND) -> Happening:
    return happening(seq, kind="outcome", state=state, ladder=ladder, command=command, verb="restart")


def healed_episode(onset: int) -> list[Happening]:
    """From the first bad sample in message `onset` to verified and resolved."""
    return [
        transition(onset, "pending", onset),
        transition(onset + 1, "firing", onset),
        climbed(onset + 1, "command", Reason.ALERT_FIRED, onset, detail="restart replica:shop/0 if generation = 1"),
        outcome(onset + 2),
        transition(onset + 3, "resolved", onset),
        climbed(onset + 4, "decision", Reason.VERIFIED, onset, state="ended"),
    ]
