"""What web servers log of requests, access and error logs of nginx and Apache alike."""

import re

from collectors.formats.addresses import is_ip, put_source
from collectors.formats.model import Fields
from collectors.formats.times import from_http_date

QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_ACCESS = re.compile(
    rf"(\S+) (\S+) (.{{0,512}}?) ?\[([^\]]{{1,40}})\] {QUOTED} (\d{{3}}|-) (\d{{1,15}}|-)"
    rf"(?: {QUOTED} {QUOTED}(?: .*)?| .*)?",
    re.ASCII | re.DOTALL,
)
_SYSLOG = re.compile(
    r"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S{8,32}) "
    r"(?:(\S{1,256}) )?[\w./-]{1,64}(?:\[\d{1,10}\])?: ",
    re.ASCII,
)
_REQUEST = re.compile(r"([A-Za-z][A-Za-z_-]{0,31}) (.*?)(?: HTTP/(\d+(?:\.\d+)?))?", re.ASCII | re.DOTALL)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]{0,15}://(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^/?#:]*)(?::\d*)?", re.IGNORECASE)


def behind_header(line: str) -> tuple[str, Fields]:
    """The line without a header of syslog, where it has one, and what that says."""
    header = _SYSLOG.match(line)
    if header is None:
        return line, {}
    return line[header.end() :], {"host.hostname": header[1]} if header[1] else {}


def access(line: str) -> tuple[Fields, str | None] | None:
    """Fields and time of a line in the common or combined format, with or without the virtual host before it and with
    more at its end. None where it is none."""
    found = _ACCESS.fullmatch(line)
    if found is None:
        return None
    client, ident, user, date, asked, status, size, referrer, agent = found.groups()
    fields: Fields = {"message": line}
    if is_ip(ident) and not is_ip(client):
        put_host(fields, client)
        client, (_, _, user) = ident, user.partition(" ")
    put_source(fields, client)
    if user not in {"-", ""}:
        fields["user.name"] = user
    put_request(fields, asked)
    if status != "-":
        fields["http.response.status_code"] = code = int(status)
        fields["event.outcome"] = "success" if code < 400 else "failure"
    if size != "-":
        fields["http.response.body.bytes"] = int(size)
    if referrer and referrer != "-":
        fields["http.request.referrer"] = referrer
    if agent and agent != "-":
        fields["user_agent.original"] = agent
    return fields, from_http_date(date)


def put_host(fields: Fields, host: str) -> None:
    """The virtual host, which may have its port."""
    name, _, port = host.rpartition(":")
    fields["url.domain"] = name if name and port.isdigit() else host


def put_request(fields: Fields, asked: str) -> None:
    """The request line. What is no HTTP, such as the beginning of a TLS handshake, has no method and no address."""
    found = _REQUEST.fullmatch(asked)
    if found is None:
        return
    method, target, version = found.groups()
    if not version and not target.startswith("/"):  # HTTP 0.9 has only paths
        return
    fields["http.request.method"] = method
    fields["url.original"] = target
    if version:
        fields["http.version"] = version
    if method == "CONNECT":
        put_host(fields, target)
        return
    if not target.startswith("/") and (absolute := _ABSOLUTE.match(target)):
        fields["url.domain"] = absolute[1]
        target = target[absolute.end() :] or "/"
    path, asks, query = target.partition("?")
    fields["url.path"] = path
    if asks:
        fields["url.query"] = query
