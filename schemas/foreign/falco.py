"""Falco's alerts, as Falco and Falcosidekick send them."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.foreign.records import Fields, Known, objects, text
from schemas.foreign.times import rfc3339

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


def falco(data: Fields) -> Known | None:
    """An alert: what is in `output_fields` lies beside the rest, under its own names such as `proc.name`."""
    if not isinstance(data.get("rule"), str) or not isinstance(data.get("output"), str):
        return None
    outputs = objects(data, "output_fields")
    fields = {name: value for name, value in data.items() if name != "output_fields"} | outputs
    fields |= {ours: outputs[theirs] for theirs, ours in _NAMES.items() if outputs.get(theirs) is not None}
    if str(outputs.get("fd.name")).startswith("/"):
        fields["file.path"] = outputs["fd.name"]
    fields["message"] = data["output"]
    if host := text(data, "hostname"):
        fields["host.hostname"] = host
    service = text(data, "source").lower() or "syscall"
    return Known("log.falco", "falco", "", service, fields, rfc3339(data.get("time")))
