"""What is told of the runs of playbooks, of those that are over too."""

import msgspec

from schemas.reasons import Reason


class Run(msgspec.Struct, kw_only=True):
    """A run of a playbook that a person asked for: who, with what, how far it has come, and how it ended."""

    id: str
    playbook: str
    version: int
    by: str
    params: dict[str, str]
    began_ms: int
    of: int
    dry_run: bool = False
    step: int = 0
    ended_ms: int | None = None
    reason: Reason | None = None
