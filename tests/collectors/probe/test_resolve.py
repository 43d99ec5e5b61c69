"""Names to addresses: none that hangs holds up another."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from collectors.probe.found import Findings, ProbeFailed
from collectors.probe.modules import Reaching
from collectors.probe.resolve import Resolver, chosen

ANY = Reaching()


async def test_names_that_hang_hold_up_no_other() -> None:
    """Two hundred are under way, each asked once however many wait for it, and the next is answered at once."""
    go, asked = threading.Event(), []

    def lookup(host: str) -> Sequence[str]:
        asked.append(host)
        if host != "quick":
            go.wait()
        return ["10.0.0.1"]

    resolver = Resolver(lookup)
    slow = [asyncio.create_task(resolver.resolve(f"slow{n % 200}", ANY, Findings())) for n in range(400)]
    await asyncio.sleep(0)
    assert await resolver.resolve("quick", ANY, Findings()) == "10.0.0.1"
    assert not any(each.done() for each in slow)
    slow[0].cancel()  # That one gives up changes nothing for the others.
    go.set()
    assert set(await asyncio.gather(*slow[1:])) == {"10.0.0.1"}
    assert len(asked) == 201


async def test_what_is_found_is_said() -> None:
    """The protocol, a number for the address, and how long it took."""
    found = Findings()
    assert await Resolver(lambda _: ["10.0.0.1", "::1"]).resolve("shop.test", ANY, found) == "::1"
    said = {name: value for name, _, value in found.metrics()}
    assert said["probe_ip_protocol"] == 6
    assert said["probe_ip_addr_hash"] == 364823692  # FNV-1a of "::1"
    assert said["probe_dns_lookup_time_seconds"] > 0


async def test_a_name_that_there_is_not_fails_the_probe() -> None:
    """With the name."""

    def lookup(_: str) -> Sequence[str]:
        raise OSError(None, "Name or service not known")

    with pytest.raises(ProbeFailed, match=r"cannot resolve shop\.test: Name or service not known"):
        await Resolver(lookup).resolve("shop.test", ANY, Findings())
    only = Reaching(preferred_ip_protocol="ip4", ip_protocol_fallback=False)
    with pytest.raises(ProbeFailed, match=r"shop\.test has no address of ip4"):
        await Resolver(lambda _: ["::1"]).resolve("shop.test", only, Findings())


def test_the_preferred_protocol_is_preferred() -> None:
    """And the other one is taken only where that will do."""
    both = ["10.0.0.1", "10.0.0.2", "::1"]
    assert chosen(both, "ip6", fallback=True) == "::1"
    assert chosen(both, "ip4", fallback=True) == "10.0.0.1"
    assert chosen(both[:2], "ip6", fallback=True) == "10.0.0.1"
    assert chosen(both[:2], "ip6", fallback=False) is None
