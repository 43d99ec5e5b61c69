"""What watches networks: Suricata, Zeek and OpenCanary."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.foreign.records import Fields, Known, find, renamed, text
from schemas.foreign.times import rfc3339

_SURICATA: Mapping[str, str] = MappingProxyType(
    {
        "src_ip": "source.ip",
        "src_port": "source.port",
        "dest_ip": "destination.ip",
        "dest_port": "destination.port",
        "alert.signature": "message",
        "alert.action": "event.action",
        "http.http_method": "http.request.method",
        "http.url": "url.original",
        "http.hostname": "url.domain",
        "http.status": "http.response.status_code",
        "http.http_user_agent": "user_agent.original",
        "http.http_refer": "http.request.referrer",
        "dns.rrname": "dns.question.name",
        "dns.rrtype": "dns.question.type",
        "tls.sni": "tls.client.server_name",
    }
)
_ZEEK: Mapping[str, str] = MappingProxyType(
    {
        "id.orig_h": "source.ip",
        "id.orig_p": "source.port",
        "id.resp_h": "destination.ip",
        "id.resp_p": "destination.port",
    }
)

_CATEGORIES: Mapping[str, str] = MappingProxyType({"dns": "dns"})
"""Rules about names that are asked for are those of the category, whoever saw the question."""


def suricata(data: Fields) -> Known | None:
    """A record of EVE; the service of its log source is the `event_type`."""
    kind = text(data, "event_type").lower()
    if not kind:
        return None
    fields = data | renamed(data, _SURICATA)
    answers = find(data, "dns.answers")
    if isinstance(answers, list):
        fields["dns.answers.data"] = [each["rdata"] for each in answers if isinstance(each, dict) and "rdata" in each]
    return Known("log.suricata", "suricata", _CATEGORIES.get(kind, ""), kind, fields, rfc3339(data.get("timestamp")))


def zeek(data: Fields) -> Known | None:
    """A record of the JSON streaming logs, whose `_path` is the name of the log and its service to Sigma."""
    path = text(data, "_path").lower()
    if not path:
        return None
    time = rfc3339(data.get("ts")) or rfc3339(data.get("_write_ts"))
    return Known("log.zeek", "zeek", _CATEGORIES.get(path, ""), path, data | renamed(data, _ZEEK), time)


def opencanary(data: Fields) -> Known | None:
    if not isinstance(data.get("logtype"), int):
        return None
    names = {"src_host": "source.ip", "src_port": "source.port", "dst_host": "destination.ip"}
    time = rfc3339(data.get("utc_time")) or rfc3339(data.get("local_time"))
    return Known("log.opencanary", "opencanary", "application", "", data | renamed(data, names), time)
