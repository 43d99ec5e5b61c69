"""Evidence on the bus: bundles that actuators collected, in the object store `evidence`, each with its digest."""

import base64
from collections.abc import Mapping

from engine.runtime import objects
from engine.runtime.bus import Bus
from engine.runtime.objects import ObjectInfo
from schemas.outcomes import Evidence

BUCKET = "evidence"


class ObjectEvidence:
    """See `schemas.plugins.EvidenceStore`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def put(self, name: str, content: bytes) -> Evidence:
        return _as_evidence(await objects.put(self._bus, BUCKET, name, content))

    async def find(self, name: str) -> Evidence | None:
        found = await objects.info(self._bus, BUCKET, name)
        return None if found is None else _as_evidence(found)


async def fetch(bus: Bus, name: str) -> bytes | None:
    """The bundle, None where there is none. Raises `DigestMismatch` where it is not what was stored."""
    return await objects.get(bus, BUCKET, name)


async def kept(bus: Bus) -> Mapping[str, Evidence]:
    """All bundles by name."""
    return {name: _as_evidence(found) for name, found in (await objects.names(bus, BUCKET)).items()}


def _as_evidence(info: ObjectInfo) -> Evidence:
    digest = base64.urlsafe_b64decode(info.digest.removeprefix("SHA-256="))
    return Evidence(name=info.name, sha256=digest.hex(), size=info.size)
