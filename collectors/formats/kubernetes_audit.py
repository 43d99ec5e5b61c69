"""Kubernetes' audit log: one event of `audit.k8s.io` in JSON to a line. Its keys stay as they are."""

from collectors.formats.model import Format, LogSource, Parsed, Parser, as_parsed
from collectors.formats.objects import object_of
from collectors.formats.settings import NoSettings
from schemas.foreign.cloud import kubernetes

SOURCE = LogSource("kubernetes", "application", "audit")


def _parse(text: str, _: int) -> list[Parsed]:
    data = object_of(text)
    return as_parsed(kubernetes(data)) if data else []


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
