"""Kubernetes' audit log: one event of `audit.k8s.io` in JSON to a line. Its keys stay as they are."""

from typing import Any

from collectors.formats.addresses import put_source
from collectors.formats.model import Fields, Format, LogSource, Parsed, Parser
from collectors.formats.objects import find, object_of, text_of
from collectors.formats.settings import NoSettings
from collectors.formats.times import from_any

SOURCE = LogSource("kubernetes", "application", "audit")


def event_of(data: Fields) -> Parsed | None:
    """The event of an audit event, to which the fields are added; None where it is none."""
    if not isinstance(data.get("verb"), str) or "auditID" not in data:
        return None
    time = from_any(data.get("stageTimestamp") or data.get("requestReceivedTimestamp") or data.get("timestamp"))
    data.update(_fields(data))
    return Parsed(data, "log.kubernetes_audit", SOURCE, time)


def _fields(data: Fields) -> Fields:
    said = {
        "event.action": data["verb"],
        "user.name": text_of(data, "user.username"),
        "url.original": text_of(data, "requestURI"),
        "user_agent.original": text_of(data, "userAgent"),
    }
    fields: Fields = {name: value for name, value in said.items() if value}
    addresses: Any = data.get("sourceIPs")
    if isinstance(addresses, list) and addresses and isinstance(addresses[0], str):
        put_source(fields, addresses[0])
    code = find(data, "responseStatus.code")
    if isinstance(code, int):
        fields["http.response.status_code"] = code
        fields["event.outcome"] = "success" if code < 400 else "failure"
    return fields


def _parse(text: str, _: int) -> list[Parsed]:
    data = object_of(text)
    event = data and event_of(data)
    return [event] if event else []


FORMAT = Format(
    name="kubernetes_audit",
    summary="Kubernetes' audit log, an event in JSON to a line (`--audit-log-format=json`).",
    example='{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"b6f1","stage":"ResponseComplete",'
    '"requestURI":"/api/v1/namespaces/shop/secrets/db","verb":"get","user":{"username":"ann"},"sourceIPs":["192.0.2.7"],'
    '"userAgent":"kubectl/v1.29","objectRef":{"resource":"secrets","namespace":"shop","name":"db","apiVersion":"v1"},'
    '"responseStatus":{"code":200},"stageTimestamp":"2024-03-04T05:25:01.120000Z"}',
    settings=NoSettings,
    build=lambda _: Parser(_parse, SOURCE),
)
