"""The door of an actuator: what comes off the queue is a command only if a trusted engine signed it as it is.

The order of the checks is the order of what they cost and of what they rest on. Nothing is read of a message before its
signature is verified, and nothing is claimed before all of these were asked:

    signature, by a key of the allow list that was valid then, over what came   → refused: a report
    the payload is a command for this subject                                   → refused: a report
    it is not in hand already                                                   → refused: a report
    its verb, target and scope are in the allow list                            → refused: an outcome
    its fencing token is not older than the newest seen                         → refused: a report

What may be answered under a command's id is only what its own engine signed: then the ladder that waits goes on. A copy
of a command must not be able to answer the original, and neither must what an engine sends that was replaced: the newer
one sends the same again, if it still stands.
"""

from typing import NamedTuple

from engine.runtime.claims import Sent
from engine.runtime.fences import Fences
from engine.runtime.trust import Refusal, Trust, verify
from engine.runtime.workqueue import Delivery
from schemas.codec import Undecodable, decode_command
from schemas.commands import Command
from schemas.reasons import Reason


class Admitted(NamedTuple):
    """A command of a trusted engine, and how it came. `forbidden` says why it may not be carried out all the same."""

    command: Command
    sent: Sent
    forbidden: str | None


class Admission:
    """The door of one actuator. What was admitted is in hand until `done`."""

    def __init__(self, trust: Trust, fences: Fences) -> None:
        self._trust = trust
        self._fences = fences
        self._in_hand: dict[str, Sent] = {}

    async def admit(self, delivery: Delivery) -> Admitted | Refusal:
        """The command that a delivery brings, or why it brings none."""
        verified = verify(self._trust(), delivery.subject, delivery.headers, delivery.data, delivery.time_ms)
        if isinstance(verified, Refusal):
            return verified
        try:
            command = decode_command(delivery.subject, delivery.data)
        except Undecodable as error:
            return Refusal(Reason.UNDECODABLE, str(error))
        sent = Sent(delivery.seq, verified.epoch)
        earlier = self._in_hand.get(command.id)
        if earlier and earlier.seq != sent.seq and earlier.epoch >= sent.epoch:
            return Refusal(Reason.REPLAYED, f"it is in hand since it came as message {earlier.seq}")
        forbidden = verified.by.forbids(command)
        if forbidden is None and (fence := await self._fences.older_than(verified.shard, sent)):
            detail = f"epoch {sent.epoch}, but {fence.epoch} was seen in message {fence.seq}"
            return Refusal(Reason.FENCED, f"{verified.by.name}: {detail}")
        self._in_hand[command.id] = sent
        return Admitted(command, sent, forbidden)

    def done(self, admitted: Admitted) -> None:
        """It is no longer in hand."""
        if self._in_hand.get(admitted.command.id) == admitted.sent:
            del self._in_hand[admitted.command.id]
