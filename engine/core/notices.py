"""What people are told of because a guardrail held, and not because an alert fired: by a page, once while it lasts."""

import hashlib
from collections.abc import Iterable

from engine.core.program import HealRule, Step
from engine.core.remediation import Ladder
from engine.core.resolve import SCOPE
from engine.core.turn import Turn
from schemas.commands import Origin
from schemas.reasons import Reason

AGAIN_MS = 15 * 60_000
"""Of the same thing people are told again after so long."""

_RECEIVER = "receiver:"


def once(turn: Turn, about: str, reason: Reason, summary: str) -> None:
    """Page the receivers of the policy, unless they were told of this lately."""
    key = f"{reason}|{about}"
    if turn.now_ms >= turn.state.told.get(key, 0):
        turn.state.told[key] = turn.now_ms + AGAIN_MS
        turn.begun += pages(turn, key, reason, f"{reason}: {summary}", turn.state.program.policy.notify)


def everybody(turn: Turn) -> list[str]:
    """All receivers that there are."""
    return sorted(name.removeprefix(_RECEIVER) for name in turn.state.targets if name.startswith(_RECEIVER))


def pages(turn: Turn, about: str, reason: Reason, summary: str, receivers: Iterable[str]) -> list[Ladder]:
    """A ladder of one step for each receiver."""
    return [_page(turn, f"{about}|{receiver}|{turn.seq}", reason, summary, receiver) for receiver in receivers]


def _page(turn: Turn, about: str, reason: Reason, summary: str, receiver: str) -> Ladder:
    id_ = hashlib.blake2b(about.encode(), digest_size=8).hexdigest()
    rule = HealRule(
        id=id_,
        group="",
        name=str(reason),
        alert="",
        source="",
        mode="auto",
        cooldown_ms=0,
        steps=(Step(verb="page", args={"receiver": receiver} | _scope(turn, receiver)),),
    )
    return Ladder(
        id=id_,
        rule=rule,
        origin=Origin(kind="policy", name=str(reason)),
        onset=turn.seq,
        because=reason,
        annotations={"summary": summary},
    )


def _scope(turn: Turn, receiver: str) -> dict[str, str]:
    """A receiver that several nodes can reach is paged from one of them."""
    owned = turn.state.targets.get(f"{_RECEIVER}{receiver}", ())
    return {SCOPE: min(each.scope for each in owned)} if owned else {}
