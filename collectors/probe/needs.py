"""What of a DNS module can only be checked by the library that speaks DNS, which is an extra."""

from importlib import import_module
from importlib.util import find_spec


def known_query_type(name: str) -> str:
    """`name`, if it is the type of a record. Raises ValueError."""
    return _known("dns.rdatatype", name, "the type of a DNS record such as A or SOA")


def known_rcode(name: str) -> str:
    """`name`, if it is what a DNS server may answer. Raises ValueError."""
    return _known("dns.rcode", name, "a response code of DNS such as NOERROR or NXDOMAIN")


def _known(module: str, name: str, expected: str) -> str:
    if find_spec("dns") is None:
        raise ValueError("dnspython is not installed: install reflexarc[probe]")
    try:
        import_module(module).from_text(name)
    except Exception as error:  # each of its modules has an exception of its own
        raise ValueError(f"expected {expected}, got {name}") from error
    return name
