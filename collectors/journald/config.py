"""What the journald collector may be told: which entries, and how journalctl is started."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schemas.plugins import PluginConfig

_MATCH = re.compile(r"[A-Z0-9_]{1,64}=.*|\+", re.DOTALL | re.ASCII)
_FIELD = re.compile(r"[A-Z0-9_]{1,64}", re.ASCII)
_LEVEL = r"(emerg|alert|crit|err|warning|notice|info|debug|[0-7])"
_NAME = re.compile(r"[^-\0][^\0]*")


def _match(text: str) -> str:
    if not _MATCH.fullmatch(text):
        raise ValueError(f"expected FIELD=value or +, got {text!r}")
    return text


def _field(text: str) -> str:
    if not _FIELD.fullmatch(text):
        raise ValueError(f"expected the name of a field such as _SYSTEMD_UNIT, got {text!r}")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"expected a name, got {text!r}")
    return text


Match = Annotated[str, AfterValidator(_match)]
FieldName = Annotated[str, AfterValidator(_field)]
Name = Annotated[str, AfterValidator(_name)]


class JournaldConfig(PluginConfig):
    """Runs `journalctl --follow` and needs what that needs: to be root or in the group `systemd-journal`. Entries of
    one of the `units`, of one of the `identifiers`, as urgent as `priority` (`warning`, or a range such as
    `emerg..err`) and of the `matches` (`FIELD=value`; those of one field are alternatives, and so is what stands before
    and after a `+`) become events; where several are given, all must hold, and without any it is all entries. `fields`
    are kept under the names that they have in the journal. `start` is where to begin where no event is on the bus yet:
    with what comes (`end`), with the first entry since the machine was booted, or with the first of all.

    `directory` holds the files of the journal, where it is not this machine's own; `namespace` is one of journald's.
    `command` is what runs journalctl, such as `["sudo", "-n", "journalctl"]`. When it ends it is run again, at most
    once in `restart_s`. An entry longer than `max_entry_bytes` is left out. The collector says how many entries it has
    read (`reflexarc_journald_entries_total`) and left out (`reflexarc_journald_entries_left_out_total`), and how often
    journalctl was run (`reflexarc_journald_runs_total`).
    """

    units: list[Name] = Field(default_factory=list)
    identifiers: list[Name] = Field(default_factory=list)
    priority: str | None = Field(default=None, pattern=rf"^{_LEVEL}(\.\.{_LEVEL})?$")
    matches: list[Match] = Field(default_factory=list)
    fields: list[FieldName] = Field(default_factory=lambda: ["_TRANSPORT", "_SYSTEMD_UNIT", "_COMM", "_UID"])
    start: Literal["beginning", "boot", "end"] = "end"
    directory: str | None = None
    namespace: Name | None = None
    command: list[str] = Field(default_factory=lambda: ["journalctl"], min_length=1)
    restart_s: float = Field(default=1.0, gt=0)
    max_entry_bytes: int = Field(default=524288, ge=4096)
