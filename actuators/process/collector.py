"""The verb `collect`: looks at a workload or at the whole node, and puts what it saw into the evidence of the host.

Nothing is paused or changed for it. A bundle is named by its command, so that a command carried out twice leaves one.
"""

import asyncio
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator

from actuators import bundle
from actuators.bundle import Member
from actuators.process import processes, sources
from actuators.process.fleet import Fleet
from actuators.process.record import Launch, Record
from actuators.process.workload import SupervisedWorkload
from schemas.commands import Command
from schemas.inventory import Target
from schemas.plugins import ActuatorContext, ConditionFailed, Effect, EffectFailed, Gate, VerbSpec

_OF_BOTH = ("processes", "connections", "files", "environment")
_OF_WORKLOAD = ("workload", "log")
KINDS = (*_OF_BOTH, *_OF_WORKLOAD)

COLLECT = VerbSpec(
    name="collect",
    summary="Keep evidence of a replica, a workload or the node: "
    + ", ".join(f"`{kind}`" for kind in KINDS)
    + ", and the "
    "files that the configuration names; by default all of the first, or the processes and connections of the node.",
    targets={"replica": ("workload", "replica"), "workload": ("workload",), "node": ("node",)},
    optional=("evidence", "events", "event"),
    lists=("evidence", "events"),
    from_alert=("events", "event"),
    by_default={"node": "{{ $labels.node }}"},
    timeout_ms=60_000,
    changes_target=False,
    looks=True,
    permissions=("to read /proc of what it looks at", "to read the files that the configuration names"),
)


def _evidence_name(name: str) -> str:
    if not name.replace("_", "").replace("-", "").isalnum() or name in (*KINDS, "events", "manifest"):
        raise ValueError(
            f"expected a name of letters, digits, - and _ that is none of {', '.join(KINDS)}, got {name!r}"
        )
    return name


EvidenceName = Annotated[str, AfterValidator(_evidence_name)]


class Collector:
    """Collects on one node. `files` are those that commands can ask for, by name."""

    def __init__(self, context: ActuatorContext, fleet: Fleet, files: Mapping[str, Path], limit_bytes: int) -> None:
        self._context = context
        self._fleet = fleet
        self._files = files
        self._limit_bytes = limit_bytes

    @property
    def node(self) -> Target:
        """The node as a target, which is only looked at."""
        name = f"node:{self._context.scope}"
        return Target(id=name, lock=name, attributes={"evidence": [*_OF_BOTH, *sorted(self._files)]})

    async def found(self, command: Command) -> Effect | None:
        """What the command has left already, if anything."""
        kept = await self._context.evidence.find(command.id)
        return None if kept is None else bundle.kept(kept)

    async def collect(self, command: Command, gate: Gate) -> Effect:
        """Look, and keep what is seen. Raises `ConditionFailed` and `EffectFailed`."""
        if found := await self.found(command):
            return found
        workload = self._workload(command)
        view = _View(workload.record, _replica(command)) if workload else None
        taken_ms = self._context.now_ms()
        members, missing = await asyncio.to_thread(self._look, command, workload, view)
        if not members:
            raise EffectFailed(f"nothing of it is available: {bundle.listed(missing)}")
        about = {
            **{name: getattr(command, name) for name in ("target", "scope", "summary", "ladder")},
            "command": command.id,
            "origin": command.origin.name,
            "taken_ms": taken_ms,
            "missing": missing,
        }
        content = await asyncio.to_thread(bundle.pack, members, about, taken_ms // 1000)
        await gate()
        kept = await self._context.evidence.put(command.id, content)
        return bundle.kept(kept, f"{len(members)} kinds", missing)

    def _workload(self, command: Command) -> SupervisedWorkload | None:
        if command.target == self.node.id:
            return None
        workload = self._fleet.workloads.get(command.target.partition(":")[2].partition("/")[0])
        if workload is None or not workload.rotation.attributes(command.target):
            raise ConditionFailed({}, f"there is no {command.target}")
        return workload

    # --- looking (blocking) ---

    def _look(
        self, command: Command, workload: SupervisedWorkload | None, view: "_View | None"
    ) -> tuple[list[Member], dict[str, str]]:
        """The members of the bundle, and of what is missing why."""
        wanted = command.args.get("evidence") or (KINDS if workload else ("processes", "connections"))
        members: list[Member] = []
        missing: dict[str, str] = {}
        for kind in dict.fromkeys(wanted):
            try:
                members += self._of(kind, workload, view)
            except OSError as error:
                missing[kind] = str(error)
        if events := command.args.get("events"):
            told = command.args.get("event", "").splitlines()
            named = zip_longest(events, told[: len(events)], fillvalue="")
            about = ({"id": event, "event": text} for event, text in named)
            members.append(bundle.records("events", about, self._limit_bytes))
        return members, missing

    def _of(self, kind: str, workload: SupervisedWorkload | None, view: "_View | None") -> Iterator[Member]:
        if kind in self._files:
            content, cut = sources.end_of(self._files[kind], self._limit_bytes)
            yield bundle.text(kind, content, cut=cut)
        elif kind in _OF_BOTH:
            yield bundle.records(kind, self._records(kind, view), self._limit_bytes)
        elif kind not in _OF_WORKLOAD:
            raise OSError("the actuator's configuration names no such evidence")
        elif workload is None or view is None:
            raise OSError("there is such evidence of workloads only")
        elif kind == "workload":
            yield Member("workload.json", msgspec.json.format(msgspec.json.encode(view.record)))
        else:
            yield from self._logs(workload, view)

    def _records(self, kind: str, view: "_View | None") -> Iterator[dict[str, Any]]:
        if kind == "connections" and view is None:
            return sources.node_connections()
        pids = view.pids() if view else sources.everything()
        return _SOURCES[kind](pids)

    def _logs(self, workload: SupervisedWorkload, view: "_View") -> Iterator[Member]:
        replicas = view.replicas()
        for replica in replicas:
            try:
                content, cut = sources.end_of(workload.rotation.log(replica), self._limit_bytes // len(replicas))
            except FileNotFoundError:
                continue  # it was never started
            yield bundle.text(f"log.{replica}", content, cut=cut)


_SOURCES = {
    "processes": sources.processes,
    "connections": sources.connections,
    "files": sources.files,
    "environment": sources.environment,
}


class _View:
    """A workload, or one replica of it, as its record is at this moment."""

    def __init__(self, record: Record, replica: int | None) -> None:
        self.record = record
        self._replica = replica

    def replicas(self) -> list[int]:
        return [slot.replica for slot in self.record.slots if self._replica in (None, slot.replica)]

    def pids(self) -> list[int]:
        """Its processes with all of their sessions, the isolated ones too."""
        mine = self.replicas()
        launches: list[Launch | None] = [slot.current for slot in self.record.slots if slot.replica in mine]
        launches += [each.launch for each in self.record.isolated if each.replica in mine]
        leaders = [launch.process for launch in launches if launch and launch.process]
        return sorted(member.pid for leader in leaders for member in processes.session(leader))


def _replica(command: Command) -> int | None:
    _, slash, replica = command.target.partition("/")
    return int(replica) if slash else None
