"""Whose record an object is, said by its fields alone: so who publishes a usual form need not be configured.

The table below is all there is. A reader is asked only where the object has one of its tell-tale fields, which most
objects have none of.
"""

from schemas.foreign.cloud import azure, bitbucket, cloudtrail, gcp, github, kubernetes, m365, okta
from schemas.foreign.falco import falco
from schemas.foreign.linux import journal, syslog
from schemas.foreign.network import opencanary, suricata, zeek
from schemas.foreign.records import Fields, Known, Reader
from schemas.foreign.windows import windows

READERS: tuple[tuple[str, Reader], ...] = (
    ("winlog", windows),
    ("Channel", windows),
    ("Event", windows),
    ("log_name", windows),
    ("output_fields", falco),
    ("rule", falco),
    ("apiVersion", kubernetes),
    ("eventSource", cloudtrail),
    ("event_type", suricata),
    ("protoPayload", gcp),
    ("_path", zeek),
    ("MESSAGE", journal),
    ("appname", syslog),
    ("actor", okta),
    ("_document_id", github),
    ("Workload", m365),
    ("auditType", bitbucket),
    ("logtype", opencanary),
    ("category", azure),
    ("Type", azure),
)
"""Tell-tale field → whose it may be, the first that says so."""

_TELL_TALES = frozenset(name for name, _ in READERS)


def recognised(data: Fields) -> Known | None:
    """What the object is; None where it is nothing that we know. The object stays as it is."""
    if _TELL_TALES.isdisjoint(data):
        return None
    return next((known for name, read in READERS if name in data and (known := read(data))), None)
