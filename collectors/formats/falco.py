"""Falco's alerts in JSON. What is in `output_fields` lies beside the rest, under its own names such as `proc.name`."""

from collectors.formats.model import Format, LogSource, Parsed, Parser, as_parsed
from collectors.formats.objects import object_of
from collectors.formats.settings import NoSettings
from schemas.foreign.falco import falco


def _parse(text: str, _: int) -> list[Parsed]:
    data = object_of(text)
    return as_parsed(falco(data)) if data else []


FORMAT = Format(
    name="falco",
    summary="Falco's alerts in JSON (`json_output: true`).",
    example='{"hostname":"web1","output":"Shell in a container (user=root command=sh -i)","priority":"Notice",'
    '"rule":"Terminal shell in container","source":"syscall","tags":["container","shell"],'
    '"time":"2024-03-04T05:25:01.120000000Z","output_fields":{"container.id":"3ad7b26ded6d","evt.type":"execve",'
    '"proc.cmdline":"sh -i","proc.name":"sh","proc.pname":"runc","user.name":"root"}}',
    settings=NoSettings,
    build=lambda _: Parser(_parse, LogSource("falco", "", "syscall")),
)
