"""Writes the JSON Schemas of the files that people edit and of the messages that cross the bus.

`python -m schemas.jsonschema` writes `schemas/json/`; with `--check` it only says which files are out of date. It is a
tool of the repository: nothing imports it at run time.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel

from schemas.alerts import AlertTransition
from schemas.audit import AuditRecord
from schemas.commands import Command
from schemas.control import Control, Tick
from schemas.events import Event
from schemas.inventory import Inventory
from schemas.outcomes import Outcome
from schemas.playbookfile import PlaybookFile
from schemas.policyfile import PolicyFile
from schemas.refusals import Refusals
from schemas.rulefile import RuleFile
from schemas.samples import SampleBatch
from schemas.workloads import WorkloadsFile

FOLDER = Path(__file__).parent / "json"

_FILES: Mapping[str, type[BaseModel]] = {
    "playbook": PlaybookFile,
    "policy": PolicyFile,
    "rules": RuleFile,
    "workloads": WorkloadsFile,
}
_MESSAGES: Mapping[str, Any] = {
    "samples": SampleBatch,
    "event": Event | list[Event],
    "alert": AlertTransition,
    "command": Command,
    "outcome": Outcome,
    "refusals": Refusals,
    "control": Control,
    "inventory": Inventory,
    "tick": Tick,
    "audit": AuditRecord,
}


def documents() -> dict[str, str]:
    """File name → its JSON text."""
    schemas = {name: model.model_json_schema() for name, model in _FILES.items()}
    schemas |= {name: msgspec.json.schema(message) for name, message in _MESSAGES.items()}
    return {f"{name}.schema.json": _document(schema) for name, schema in schemas.items()}


def outdated(folder: Path = FOLDER) -> list[str]:
    """The names of the files that are missing, differ from what the contracts say, or should not be there."""
    wanted = documents()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(folder: Path = FOLDER) -> None:
    """Make the folder say what the contracts say."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    for name, document in documents().items():
        (folder / name).write_text(document, encoding="utf-8")


def _document(schema: Mapping[str, Any]) -> str:
    versioned = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(versioned, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> None:
    if arguments == ["--check"]:
        if stale := outdated():
            sys.exit(f"out of date, run `python -m schemas.jsonschema`: {', '.join(stale)}")
    elif arguments:
        sys.exit("usage: python -m schemas.jsonschema [--check]")
    else:
        write()


if __name__ == "__main__":
    main(sys.argv[1:])
