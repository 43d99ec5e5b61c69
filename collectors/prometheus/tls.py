"""TLS as the configuration has it: whom we trust, and who we say that we are."""

import ssl
from functools import lru_cache

from collectors.prometheus.http_config import TlsConfig

_TLS_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}

Versions = tuple[int, ...]
"""Of the files of certificates that there are, when they were changed."""


def versions_of(tls: TlsConfig) -> Versions:
    """When the files of certificates were changed. Raises OSError where one is missing."""
    return tuple(file.stat().st_mtime_ns for file in (tls.ca_file, tls.cert_file, tls.key_file) if file)


@lru_cache
def ssl_context(tls: TlsConfig, versions: Versions) -> ssl.SSLContext:  # noqa: ARG001 - files of other versions differ
    """Shared by all that ask alike: to load the system's authorities takes 20 ms and some memory."""
    context = ssl.create_default_context(cafile=tls.ca_file)
    context.minimum_version = _TLS_VERSIONS[tls.min_version]
    if tls.max_version:
        context.maximum_version = _TLS_VERSIONS[tls.max_version]
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context
