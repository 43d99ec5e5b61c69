"""Whose record an object is, said by its fields alone: so who publishes a usual form need not be configured.

The table below is all there is. A reader is asked only where the object has all fields of its line, which most objects
have none of.
"""

from schemas.foreign.cloud import azure, bitbucket, cloudtrail, gcp, github, kubernetes, m365, okta
from schemas.foreign.falco import falco
from schemas.foreign.linux import journal, syslog
from schemas.foreign.network import opencanary, suricata, zeek
from schemas.foreign.records import Fields, Known, Reader
from schemas.foreign.windows import windows

READERS: tuple[tuple[tuple[str, ...], Reader], ...] = (
    (("winlog",), windows),
    (("Channel", "EventID"), windows),
    (("Event",), windows),
    (("log_name", "event_id"), windows),
    (("output_fields", "rule"), falco),
    (("rule", "priority", "output"), falco),
    (("apiVersion", "auditID"), kubernetes),
    (("eventSource", "eventName", "awsRegion"), cloudtrail),
    (("flow_id", "event_type"), suricata),
    (("event_type", "stats"), suricata),
    (("protoPayload",), gcp),
    (("_path", "ts"), zeek),
    (("MESSAGE",), journal),
    (("appname", "facility"), syslog),
    (("actor", "eventType", "published"), okta),
    (("_document_id", "action"), github),
    (("Workload", "RecordType"), m365),
    (("auditType",), bitbucket),
    (("logtype", "node_id"), opencanary),
    (("category", "operationName"), azure),
    (("Type", "OperationName"), azure),
)
"""Fields → whose record it may be that has them all. The first whose reader knows it is right."""

_TELL_TALES = frozenset(names[0] for names, _ in READERS)


def recognised(data: Fields) -> Known | None:
    """What the object is; None where it is nothing that we know. The object stays as it is."""
    if _TELL_TALES.isdisjoint(data):
        return None
    asked = (read for names, read in READERS if all(name in data for name in names))
    return next((known for read in asked if (known := read(data))), None)
