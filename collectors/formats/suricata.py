"""Suricata's EVE log: an event in JSON to a line, alerts and what flows alike. Its keys stay as they are."""

from collectors.formats.model import Format, LogSource, Parsed, Parser, as_parsed
from collectors.formats.objects import object_of
from collectors.formats.settings import NoSettings
from schemas.foreign.network import suricata


def _parse(text: str, _: int) -> list[Parsed]:
    data = object_of(text)
    return as_parsed(suricata(data)) if data else []


FORMAT = Format(
    name="suricata",
    summary="Suricata's EVE log (`eve.json`); the service of its log source is the `event_type`.",
    example='{"timestamp":"2024-03-04T05:25:01.120000+0000","flow_id":7,"event_type":"alert","src_ip":"192.0.2.7",'
    '"src_port":4022,"dest_ip":"198.51.100.1","dest_port":80,"proto":"TCP","alert":{"action":"allowed","gid":1,'
    '"signature_id":2019401,"signature":"ET SCAN something","category":"Attempted Information Leak","severity":2}}',
    settings=NoSettings,
    build=lambda _: Parser(_parse, LogSource("suricata", "", "")),
)
