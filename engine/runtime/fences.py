"""The newest fencing token that an actuator has seen: engines that were replaced command nothing any more.

It is kept in the ledger, so that an actuator that starts again has not forgotten it, and raised only by what a trusted
engine has signed. What an older engine had published before the newer one's first command still stands, as the newer
one goes by it: it is told apart by its place in COMMANDS.
"""

import msgspec

from engine.runtime import kv
from engine.runtime.bus import Bus
from engine.runtime.bus_errors import Conflict
from engine.runtime.claims import BUCKET, Sent


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """The newest `epoch`, and the message of COMMANDS that it was first seen in."""

    epoch: int
    seq: int


class Fences:
    """The fences of one actuator on one scope, a fence for each shard of engines."""

    def __init__(self, bus: Bus, actuator: str, scope: str) -> None:
        self._bus = bus
        self._name = f"fence.{actuator}/{scope}"
        self._known: dict[str, Fence] = {}

    async def older_than(self, shard: str, sent: Sent) -> Fence | None:
        """The fence that keeps the message out; None where it may pass, and is the newest from now on if it is newer.

        Epochs never fall, so that what is remembered here is asked for only where it does not suffice.
        """
        fence = self._known.get(shard)
        if fence is None or sent.epoch > fence.epoch:
            fence = self._known[shard] = await self._raised(f"{self._name}/{shard}", sent)
        return fence if sent.epoch < fence.epoch and sent.seq >= fence.seq else None

    async def _raised(self, key: str, sent: Sent) -> Fence:
        """The fence as it is now, at least as high as the message's token."""
        while True:
            found = await kv.get(self._bus, BUCKET, key)
            if found is not None:
                newest = msgspec.json.decode(found.value, type=Fence)
                if newest.epoch >= sent.epoch:
                    return newest
            ours = Fence(epoch=sent.epoch, seq=sent.seq)
            try:
                revision = found.revision if found else 0
                await kv.update(self._bus, BUCKET, key, msgspec.json.encode(ours), revision=revision)
            except Conflict:
                continue
            return ours
