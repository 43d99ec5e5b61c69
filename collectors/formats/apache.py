"""Apache's HTTP server: its access log in the common or combined format, with or without the virtual host, and its
error log, of 2.2 and 2.4; each line shows which it is."""

import re
from datetime import tzinfo

from collectors.formats.addresses import put_source
from collectors.formats.http import access, behind_header
from collectors.formats.model import Fields, Format, LogSource, Parsed, Parser
from collectors.formats.settings import WithTimezone
from collectors.formats.times import from_ctime, zone_of

_ANY = LogSource("apache", "webserver", "")
_ACCESS = LogSource("apache", "webserver", "access")
_ERROR = LogSource("apache", "webserver", "apache")

_LINE = re.compile(
    r"\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \d{4})\] \[(?:([\w-]+):)?(\w+)\] "
    r"(?:\[pid (\d{1,10})(?::tid (\d{1,20}))?\] )?(.*)",
    re.ASCII | re.DOTALL,
)
_CLIENT = re.compile(r"((?:\(\d+\)[^\[]*: )?)\[client ([^\]\s]+)\] ?(.*)", re.ASCII | re.DOTALL)
_PORT = re.compile(r"(.*):(\d{1,5})", re.ASCII)
_CODE = re.compile(r"(AH\d{5}): ", re.ASCII)


def _error(text: str, zone: tzinfo | None) -> list[Parsed]:
    found = _LINE.fullmatch(text)
    if found is None:
        return []
    time, module, level, pid, thread, message = found.groups()
    fields: Fields = {"message": text, "log.level": level}
    if module:
        fields["apache.module"] = module
    if pid:
        fields["process.pid"] = int(pid)
    if thread:
        fields["process.thread.id"] = int(thread)
    if client := _CLIENT.fullmatch(message):
        _put_client(fields, client[2], is_2_4=bool(module or pid))
        message = client[1] + client[3]
    if code := _CODE.search(message, 0, 200):
        fields["event.code"] = code[1]
    fields["event.reason"], _, referrer = message.partition(", referer: ")
    if referrer:
        fields["http.request.referrer"] = referrer
    return [Parsed(fields, "log.apache.error", _ERROR, from_ctime(time, zone))]


def _put_client(fields: Fields, client: str, *, is_2_4: bool) -> None:
    """2.4 always gives the port, 2.2 never does."""
    if is_2_4 and (with_port := _PORT.fullmatch(client)):
        put_source(fields, with_port[1].strip("[]"), with_port[2])
    else:
        put_source(fields, client)


def _build(settings: WithTimezone) -> Parser:
    zone = zone_of(settings.timezone)

    def parse(text: str, _: int) -> list[Parsed]:
        line, header = behind_header(text)
        if found := access(line):
            fields, time = found
            return [Parsed(header | fields if header else fields, "log.apache.access", _ACCESS, time)]
        return [each._replace(data=header | each.data) for each in _error(line, zone)]

    return Parser(parse, _ANY)


FORMAT = Format(
    name="apache",
    summary="Access logs of Apache in the common or combined format, also with the virtual host, and its error logs.",
    example='www.example.org:443 192.0.2.7 - ann [04/Mar/2024:06:25:01 +0100] "POST /login HTTP/1.1" 200 5120',
    settings=WithTimezone,
    build=_build,
)
