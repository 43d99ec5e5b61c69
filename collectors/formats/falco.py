"""Falco's alerts in JSON. What is in `output_fields` lies beside the rest, under its own names such as `proc.name`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from collectors.formats.model import Fields, Format, LogSource, Parsed, Parser
from collectors.formats.objects import object_of
from collectors.formats.settings import NoSettings
from collectors.formats.times import from_any

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "proc.name": "process.name",
        "proc.exepath": "process.executable",
        "proc.cmdline": "process.command_line",
        "proc.cwd": "process.working_directory",
        "proc.pid": "process.pid",
        "proc.ppid": "process.parent.pid",
        "proc.pname": "process.parent.name",
        "proc.pexepath": "process.parent.executable",
        "proc.pcmdline": "process.parent.command_line",
        "fd.sip": "destination.ip",
        "fd.sport": "destination.port",
        "fd.cip": "source.ip",
        "fd.cport": "source.port",
        "evt.type": "event.action",
        "ka.verb": "event.action",
        "ka.user.name": "user.name",
    }
)
"""Falco's names that have one in the Elastic Common Schema; `user.name` and `container.id` have the same in both."""


def event_of(data: Fields) -> Parsed | None:
    """The event of an alert, also as Falcosidekick passes it on; None where it is none."""
    if not isinstance(data.get("rule"), str) or not isinstance(data.get("output"), str):
        return None
    found = data.get("output_fields")
    outputs: dict[str, Any] = found if isinstance(found, dict) else {}
    fields = {name: value for name, value in data.items() if name != "output_fields"} | outputs
    fields |= {ours: outputs[theirs] for theirs, ours in _NAMES.items() if outputs.get(theirs) is not None}
    if str(outputs.get("fd.name")).startswith("/"):
        fields["file.path"] = outputs["fd.name"]
    fields["message"] = data["output"]
    if isinstance(data.get("hostname"), str):
        fields["host.hostname"] = data["hostname"]
    source = data.get("source")
    service = source.lower() if isinstance(source, str) else "syscall"
    return Parsed(fields, "log.falco", LogSource("falco", "", service), from_any(data.get("time")))


def _parse(text: str, _: int) -> list[Parsed]:
    data = object_of(text)
    event = data and event_of(data)
    return [event] if event else []


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
