"""Lines as they may come: of each format as it should be, broken ones made of them, and mere bytes."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from collectors.formats import FORMATS
from collectors.formats.model import Parser
from tests.collectors.contexts import parser

SETTINGS: Mapping[str, dict[str, Any]] = {
    "json": {
        "time": "ts",
        "message": "msg",
        "rename": {"client": "source.ip", "user.name": "user", "a.b.c": "d"},
        "service": {"field": "app"},
    },
    "pattern": {
        "patterns": [
            "%{IP:source.ip} %{USERNAME:user.name} %{NUMBER:took}ms %{WORD:verb} %{GREEDYDATA:rest}",
            '%{DATA:before} ?"%{DATA:inner}" ?%{NUMBER:n:int}?%{GREEDYDATA}',
        ],
        "time": "before",
    },
}
"""For those that cannot do without, or have more to go wrong with them."""

MORE = (
    '<165>1 2024-03-04T06:25:01.003Z web1 app 12 ID7 [ex@1 iut="3" a="x\\"]y"][b@2 c="d"] hello',
    "Mar  4 2024 06:25:01 web1 su[1]: FAILED SU (to root) ann on pts/0",
    "Mar  4 06:25:01 web1 sshd[1]: message repeated 2 times: [ Failed password for root from 192.0.2.7 port 1 ssh2]",
    'Mar  4 06:25:01 web1 nginx[7]: 192.0.2.7 - - [04/Mar/2024:06:25:01 +0100] "GET / HTTP/1.1" 200 5 "-" "x"',
    "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root",
    '2024/03/04 06:25:01 [error] 12#13: *90 open() "/srv/x" failed (2: No such file or directory), client: 192.0.2.7, '
    'server: _, request: "GET /x HTTP/1.1", host: "example.org"',
    "[Mon Mar  4 06:25:01.123456 2024] [core:error] [pid 12:tid 140] [client 192.0.2.7:4022] AH00124: Request exceeded",
    "type=USER_LOGIN msg=audit(1709533501.120:9): pid=1 uid=0 msg='op=login acct=\"ann\" addr=192.0.2.7 res=failed'",
    "type=SOCKADDR msg=audit(1709533501.120:8): saddr=02000050C00002070000000000000000",
    'type=EXECVE msg=audit(1709533501.120:7): argc=2 a0="cat" a1_len=8 a1[0]=2F78 a1[1]=2F79',
    '{"Records": [{"eventName": "A", "userIdentity": null}, {"eventName": "B", "sourceIPAddress": 7}]}',
    '{"ts": 1e999, "user": {"name": [1, {"a": null}]}, "a": {"b": {"c": "\\u0000"}}, "n": 12345678901234567890123}',
    "",
)
"""Of several formats."""


def configured(name: str) -> Parser:
    """The format of that name, with settings where it needs them."""
    return parser(name, **SETTINGS.get(name, {}))


def valid(name: str) -> list[bytes]:
    """What to begin with."""
    return [line.encode() for line in (*FORMATS[name].example.split("\n"), *MORE)]


def broken(name: str, chance: random.Random) -> Iterator[bytes]:
    """Without end: lines of the format with something wrong with them, and now and then mere bytes."""
    seeds = valid(name)
    while True:
        if chance.random() < 0.05:
            yield chance.randbytes(chance.randrange(200)).replace(b"\n", b" ")
            continue
        line = bytearray(chance.choice(seeds[: -len(MORE)] if chance.random() < 0.7 else seeds))
        for _ in range(chance.choice((0, 1, 1, 2, 3, 8))):
            _break(line, chance, seeds)
        yield bytes(line).replace(b"\n", b" ")


def _break(line: bytearray, chance: random.Random, seeds: list[bytes]) -> None:
    at = chance.randrange(len(line) + 1)
    to = min(len(line), at + chance.choice((1, 1, 4, 30)))
    match chance.randrange(6):
        case 0:
            del line[at:to]
        case 1:
            line[at:to] = line[at:to] * chance.choice((2, 3, 40))
        case 2:
            line[at:at] = chance.choice(
                (b'"', b"\\", b"[", b"]", b"{", b"}", b"'", b":", b"=", b" ", b"\0", b"\x1d", b"9" * 30)
            )
        case 3:
            line[at:to] = chance.randbytes(to - at)
        case 4:
            other = chance.choice(seeds)
            begin = chance.randrange(len(other) + 1)
            line[at:to] = other[begin : begin + chance.choice((3, 20, 80))]
        case 5:
            del line[at:]
