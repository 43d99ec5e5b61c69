"""Formats of logs: from a line, or the lines of one event, to fields.

`model` says what a format is; each module that ends in `FORMAT` declares one, and `FORMATS` here are all of them.
Nothing reads a file or a clock. `programs.of_program` says what a message of a program says, whatever carried it, and
`mapping.mapped` makes an event of a JSON object.
"""

from collections.abc import Mapping
from types import MappingProxyType

from collectors.formats import (
    apache,
    auditd,
    cloudtrail,
    falco,
    kubernetes_audit,
    nginx,
    pattern,
    plain,
    suricata,
    syslog,
)
from collectors.formats.model import Format

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        each.name: each
        for each in (
            plain.PLAIN,
            *syslog.FORMATS,
            auditd.FORMAT,
            nginx.FORMAT,
            apache.FORMAT,
            kubernetes_audit.FORMAT,
            cloudtrail.FORMAT,
            falco.FORMAT,
            suricata.FORMAT,
            plain.JSON,
            pattern.FORMAT,
        )
    }
)
"""By name."""
