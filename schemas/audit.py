"""The audit: what was decided, why, and what came of it, one record for every journal message that had effects.

Records of a shard form a chain: `prev` is the SHA-256 of the bytes of the record before (64 zeros for the first). A
record is also the commit mark of its message's effects.
"""

from typing import Literal

import msgspec

from schemas.outcomes import Evidence
from schemas.reasons import Reason

GENESIS = "0" * 64

EntryKind = Literal["transition", "decision", "command", "outcome", "control"]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One thing decided or seen. The ids make the causal chain: alert (with onset) → ladder → command → outcome."""

    kind: EntryKind
    reason: Reason | None = None
    rule: str = ""
    target: str = ""
    alert: str = ""
    onset: int = 0
    ladder: str = ""
    command: str = ""
    verb: str = ""
    step: int = 0
    state: str = ""
    detail: str = ""
    by: str = ""
    evidence: Evidence | None = None
    """What an outcome brought."""


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All entries of the journal message `seq`, decided at its journal time `time_ms` (Unix milliseconds)."""

    shard: str
    seq: int
    time_ms: int
    engine: str
    epoch: int
    prev: str
    entries: tuple[AuditEntry, ...]
