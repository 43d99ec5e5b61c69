"""Names to addresses, without one that hangs holding up the others.

The system's resolver is asked, as whatever else runs here asks it (`/etc/hosts` and all), and it blocks. So each lookup
has a thread of its own: a pool of some would be used up by some names whose servers do not answer. A name is looked up
once at a time, however many wait for it.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from collectors.probe.found import Findings, ProbeFailed
from collectors.probe.modules import IpProtocol, Reaching

_MOST_UNDER_WAY = 1024
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193


Lookup = Callable[[str], Sequence[str]]
"""The addresses of a name; it blocks. Raises OSError and UnicodeError."""


def by_system(host: str) -> Sequence[str]:
    """As whatever else runs here looks it up."""
    return [str(each[4][0]) for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


class Resolver:
    """Shared by all probes of a collector."""

    def __init__(self, lookup: Lookup = by_system) -> None:
        self._lookup = lookup
        self._under_way: dict[str, asyncio.Future[Sequence[str] | OSError]] = {}

    async def resolve(self, host: str, module: Reaching, found: Findings) -> str:
        """The address that is to be asked; what is said of it is put into `found`. Raises `ProbeFailed`."""
        clock = asyncio.get_running_loop().time
        start_s = clock()
        addresses = await self._addresses(host)
        found.add("probe_dns_lookup_time_seconds", clock() - start_s)
        address = chosen(addresses, module.preferred_ip_protocol, fallback=module.ip_protocol_fallback)
        if address is None:
            raise ProbeFailed(f"{host} has no address of {module.preferred_ip_protocol}")
        found.put("probe_ip_protocol", float(ip_address(address.partition("%")[0]).version))
        found.put("probe_ip_addr_hash", float(_fnv1a(address)))
        return address

    async def _addresses(self, host: str) -> Sequence[str]:
        with contextlib.suppress(ValueError):
            ip_address(host)
            return (host,)
        answer = await asyncio.shield(self._under_way.get(host) or self._look_up(host))
        if isinstance(answer, OSError):
            raise ProbeFailed(f"cannot resolve {host}: {answer.strerror or answer}") from answer
        return answer

    def _look_up(self, host: str) -> asyncio.Future[Sequence[str] | OSError]:
        if len(self._under_way) >= _MOST_UNDER_WAY:
            raise ProbeFailed(f"cannot resolve {host}: {_MOST_UNDER_WAY} lookups are under way")
        loop = asyncio.get_running_loop()
        answer = self._under_way[host] = loop.create_future()
        answer.add_done_callback(lambda _: self._under_way.pop(host))
        # Not one that the end of the process would wait for.
        threading.Thread(
            target=_ask, args=(self._lookup, host, loop, answer), name=f"resolve {host}", daemon=True
        ).start()
        return answer


def _ask(
    lookup: Lookup, host: str, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Sequence[str] | OSError]
) -> None:
    try:
        found: Sequence[str] | OSError = lookup(host)
    except OSError as error:
        found = error
    except UnicodeError:
        found = OSError("not the name of a host")
    with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile.
        loop.call_soon_threadsafe(_tell, answer, found)


def _tell(answer: asyncio.Future[Sequence[str] | OSError], found: Sequence[str] | OSError) -> None:
    if not answer.done():
        answer.set_result(found)


def chosen(addresses: Sequence[str], preferred: IpProtocol, *, fallback: bool) -> str | None:
    """The first address of the preferred protocol, else the first of any if that will do."""
    wanted = [each for each in addresses if (":" in each) == (preferred == "ip6")]
    return next(iter(wanted or (addresses if fallback else ())), None)


def _fnv1a(address: str) -> int:
    """As blackbox_exporter has it: the address as a number that changes when it does."""
    digest = _FNV_OFFSET
    for byte in address.encode():
        digest = (digest ^ byte) * _FNV_PRIME % 2**32
    return digest
