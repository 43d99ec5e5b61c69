"""What a TLS connection says: its version, and when the certificates expire that the server showed."""

import ssl
from calendar import timegm
from collections.abc import Iterator, Sequence
from time import strptime
from typing import Any

from collectors.probe.found import Findings

_UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x17, 0x18, 0xA0
_LONG = 0x80


def describe(tls: ssl.SSLObject, found: Findings) -> None:
    """Put it into `found`."""
    shown = [expiry_s(each) for each in _chain(tls, "get_unverified_chain")]
    if shown:
        found.put("probe_ssl_earliest_cert_expiry", min(shown))
    if tls.context.verify_mode != ssl.CERT_NONE and (verified := _chain(tls, "get_verified_chain")):
        found.put("probe_ssl_last_chain_expiry_timestamp_seconds", min(map(expiry_s, verified)))
    found.put("probe_tls_version_info", 1.0, version=(tls.version() or "").replace("TLSv", "TLS "))


def _chain(tls: ssl.SSLObject, which: str) -> Sequence[bytes]:
    """Certificates as DER. They are public from Python 3.13 on."""
    if hasattr(tls, which):
        chain: list[bytes] | None = getattr(tls, which)()
        return chain or ()
    inner: Any = getattr(tls, "_sslobj")  # noqa: B009 - the type does not tell of it
    return [each.public_bytes(2) for each in getattr(inner, which)() or ()]


def expiry_s(certificate: bytes) -> float:
    """The end of its validity, Unix seconds. Raises ValueError for what is no certificate."""
    try:
        ((_, whole),) = _parts(certificate)
        to_be_signed = next(_parts(whole))[1]
        fields = [each for each in _parts(to_be_signed) if each[0] != _VERSION]
        (_, _), (tag, text) = _parts(fields[3][1])
    except (IndexError, ValueError, StopIteration) as error:
        raise ValueError("not a certificate") from error
    digits = text.decode("ascii")
    if tag == _UTC_TIME:
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    elif tag != _GENERALIZED_TIME:
        raise ValueError("not a certificate")
    return float(timegm(strptime(digits, "%Y%m%d%H%M%SZ")))


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element, one after the other."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & _LONG:
            size = length & ~_LONG
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError("cut short")
        yield tag, der[at : at + length]
        at += length
