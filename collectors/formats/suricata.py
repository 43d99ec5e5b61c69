"""Suricata's EVE log: an event in JSON to a line, alerts and what flows alike. Its keys stay as they are."""

from typing import Any

from collectors.formats.model import Fields, Format, LogSource, Parsed, Parser
from collectors.formats.objects import MISSING, find, object_of
from collectors.formats.settings import NoSettings
from collectors.formats.times import from_any

_NAMES = (
    ("src_ip", "source.ip"),
    ("src_port", "source.port"),
    ("dest_ip", "destination.ip"),
    ("dest_port", "destination.port"),
    ("alert.signature", "message"),
    ("alert.action", "event.action"),
    ("http.http_method", "http.request.method"),
    ("http.url", "url.original"),
    ("http.hostname", "url.domain"),
    ("http.status", "http.response.status_code"),
    ("http.http_user_agent", "user_agent.original"),
    ("http.http_refer", "http.request.referrer"),
    ("dns.rrname", "dns.question.name"),
    ("dns.rrtype", "dns.question.type"),
    ("tls.sni", "tls.client.server_name"),
)


def event_of(data: Fields) -> Parsed | None:
    """The event of an EVE record, to which the fields are added; None where it is none."""
    kind: Any = data.get("event_type")
    if not isinstance(kind, str):
        return None
    added = {ours: find(data, theirs) for theirs, ours in _NAMES}
    data.update((name, value) for name, value in added.items() if value is not MISSING)
    answers = find(data, "dns.answers")
    if isinstance(answers, list):
        data["dns.answers.data"] = [each["rdata"] for each in answers if isinstance(each, dict) and "rdata" in each]
    # Rules about names that are asked for are those of the category, whoever saw the question.
    source = LogSource("suricata", "dns" if kind == "dns" else "", kind.lower())
    return Parsed(data, "log.suricata", source, from_any(data.get("timestamp")))


def _parse(text: str, _: int) -> list[Parsed]:
    data = object_of(text)
    event = data and event_of(data)
    return [event] if event else []


FORMAT = Format(
    name="suricata",
    summary="Suricata's EVE log (`eve.json`); the service of its log source is the `event_type`.",
    example='{"timestamp":"2024-03-04T05:25:01.120000+0000","flow_id":7,"event_type":"alert","src_ip":"192.0.2.7",'
    '"src_port":4022,"dest_ip":"198.51.100.1","dest_port":80,"proto":"TCP","alert":{"action":"allowed","gid":1,'
    '"signature_id":2019401,"signature":"ET SCAN something","category":"Attempted Information Leak","severity":2}}',
    settings=NoSettings,
    build=lambda _: Parser(_parse, LogSource("suricata", "", "")),
)
