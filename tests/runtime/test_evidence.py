"""Evidence on the bus: kept under its name, told by its digest, and written with an actuator's login alone."""

import hashlib
import os

from engine.runtime import evidence
from engine.runtime.bus import Bus
from engine.runtime.evidence import ObjectEvidence
from engine.runtime.publishing import new_id
from tests.conftest import ServerUnderTest


async def test_an_actuator_keeps_evidence_and_an_operator_reads_it(nats_server: ServerUnderTest) -> None:
    """What is found is what was put, by the digest that anybody can check; nothing else is needed of either login."""
    name, content = new_id(), os.urandom(1_500_000)
    actuator, operator = await nats_server.connect("actuator"), await nats_server.connect("operator")
    try:
        store = ObjectEvidence(actuator)
        assert await store.find(name) is None
        kept = await store.put(name, content)
        assert (kept.name, kept.size, kept.sha256) == (name, len(content), hashlib.sha256(content).hexdigest())
        assert await store.find(name) == kept
        assert await evidence.fetch(operator, name) == content
        assert (await evidence.kept(operator))[name] == kept
    finally:
        await actuator.close()
        await operator.close()


async def test_the_same_name_twice_is_one_bundle(bus: Bus) -> None:
    """A command that was carried out again leaves what it saw last."""
    name = new_id()
    store = ObjectEvidence(bus)
    await store.put(name, b"first")
    second = await store.put(name, b"second")
    assert (await evidence.kept(bus))[name] == second
    assert await evidence.fetch(bus, name) == b"second"
