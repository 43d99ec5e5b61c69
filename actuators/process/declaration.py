"""`workloads.yaml` as text to what it declares, with every mistake named by file and line, and a declared version to
the words and environment that it is started with. Nothing in here knows what runs.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from actuators.process.record import Launch, Slot
from schemas.workloads import Version, WorkloadsFile

_PLACEHOLDER = re.compile(r"\{(port|replica|version|python|dir)\}")


class WorkloadsInvalid(ValueError):
    """The author's mistakes in `workloads.yaml`, all of them, each `file:line: …`."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


def parse(text: str, name: str) -> WorkloadsFile:
    """What the text declares; `name` stands for the file in messages. Raises `WorkloadsInvalid`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise WorkloadsInvalid([f"{name}:{line}: {error.problem}"]) from error
    except yaml.YAMLError as error:
        raise WorkloadsInvalid([f"{name}:1: {error}"]) from error
    try:
        file = WorkloadsFile.model_validate(content)
    except ValidationError as error:
        raise WorkloadsInvalid(
            [f"{name}:{_line(root, found['loc'])}: {_path(found['loc'])}: {found['msg']}" for found in error.errors()]
        ) from error
    if undeclared := list(_undeclared_versions(file)):
        raise WorkloadsInvalid([f"{name}:{_line(root, place)}: {_path(place)}: {what}" for place, what in undeclared])
    return file


def _undeclared_versions(file: WorkloadsFile) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, workload in file.workloads.items():
        if workload.version not in workload.versions:
            declared = ", ".join(workload.versions)
            yield ("workloads", name, "version"), f"expected one of {declared}, got {workload.version!r}"


def _path(place: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in place) or "workloads"


def _line(node: yaml.Node | None, place: tuple[int | str, ...]) -> int:
    """The line of the place, or of the nearest thing around it that the file has."""
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = {key.value: (key, value) for key, value in node.value}.get(str(part))
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def command_line(
    version: Version, launch: Launch, workload: str, slot: Slot, directory: Path, base: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """The words and the environment of a replica's next start.

    `directory` is that of `workloads.yaml` (placeholder `{dir}`); `base` is the environment around us, of which our own
    settings (`REFLEXARC_*`, which hold credentials) are kept back.
    """
    values = {
        "port": str(launch.port),
        "replica": str(slot.replica),
        "version": launch.version,
        "python": sys.executable,
        "dir": str(directory),
    }

    def fill(text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: values[match[1]], text)

    env = {name: value for name, value in base.items() if not name.startswith("REFLEXARC_")}
    env |= {name: fill(value) for name, value in version.env.items()}
    env |= {
        "PORT": str(launch.port),
        "REFLEXARC_COMMAND": slot.command,
        "REFLEXARC_GENERATION": str(launch.generation),
        "REFLEXARC_REPLICA": str(slot.replica),
        "REFLEXARC_VERSION": launch.version,
        "REFLEXARC_WORKLOAD": workload,
    }
    return [fill(word) for word in version.command], env
