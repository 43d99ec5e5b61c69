"""nginx: its access log in the common or combined format, and its error log; each line shows which it is."""

import re
from datetime import tzinfo

from collectors.formats.addresses import put_source
from collectors.formats.http import QUOTED, access, behind_header, put_host, put_request
from collectors.formats.model import Fields, Format, LogSource, Parsed, Parser
from collectors.formats.settings import WithTimezone
from collectors.formats.times import from_iso, zone_of

_ANY = LogSource("nginx", "webserver", "")
_ACCESS = LogSource("nginx", "webserver", "access")
_ERROR = LogSource("nginx", "webserver", "nginx")

_LINE = re.compile(
    r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d) \[(\w+)\] (\d{1,10})#(\d{1,10}): (?:\*\d+ )?(.*)", re.ASCII | re.DOTALL
)
_ABOUT = re.compile(rf", (client|request|host|referrer): (?:{QUOTED}|([^,\s]+))")


def _error(text: str, zone: tzinfo | None) -> list[Parsed]:
    found = _LINE.fullmatch(text)
    if found is None:
        return []
    year, month, day, clock, level, pid, thread, message = found.groups()
    fields: Fields = {
        "message": text,
        "log.level": level,
        "process.pid": int(pid),
        "process.thread.id": int(thread),
        "event.reason": message.partition(", client: ")[0],
    }
    # What nginx adds comes last; what a client chose of the text before may look the same.
    said = {key: quoted or plain for key, quoted, plain in _ABOUT.findall(message)}
    if client := said.get("client"):
        put_source(fields, client)
    if host := said.get("host"):
        put_host(fields, host)
    put_request(fields, said.get("request", ""))
    if referrer := said.get("referrer"):
        fields["http.request.referrer"] = referrer
    time = from_iso(f"{year}-{month}-{day}T{clock}", zone)
    return [Parsed(fields, "log.nginx.error", _ERROR, time)]


def _build(settings: WithTimezone) -> Parser:
    zone = zone_of(settings.timezone)

    def parse(text: str, _: int) -> list[Parsed]:
        line, header = behind_header(text)
        if found := access(line):
            fields, time = found
            return [Parsed(header | fields if header else fields, "log.nginx.access", _ACCESS, time)]
        return [each._replace(data=header | each.data) for each in _error(line, zone)]

    return Parser(parse, _ANY)


FORMAT = Format(
    name="nginx",
    summary="Access logs of nginx in the common or combined format, whatever follows it, and its error logs.",
    example='192.0.2.7 - - [04/Mar/2024:06:25:01 +0100] "GET /cart?id=7 HTTP/1.1" 404 153 "-" "curl/8.5.0"',
    settings=WithTimezone,
    build=_build,
)
