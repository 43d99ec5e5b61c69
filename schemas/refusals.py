"""Refusals: what an actuator was sent and would not take for a command of an engine that it trusts.

It is no outcome. An outcome answers a command that is known to be ours, and whoever may publish on COMMANDS could
otherwise answer any command by forging another of its id. A report names what was refused, for the audit; it moves no
ladder.
"""

import msgspec

from schemas.reasons import Reason


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """So many (`count`) messages were refused for the same reason since the last report. The newest of them came on
    `subject` as message `seq` of COMMANDS, said to be of the key `key`; `detail` says what is wrong with it.
    """

    reason: Reason
    count: int
    subject: str
    seq: int
    key: str
    detail: str


class Refusals(msgspec.Struct, frozen=True, kw_only=True, tag="refusals", tag_field="kind"):
    """What one actuator refused since its last report, by reason."""

    actuator: str
    scope: str
    executor: str
    refused: tuple[Refused, ...]
