"""A workload's record and the machine beside it, seen as targets (for commands) and as status (for collectors)."""

from typing import Any, Literal

from actuators.process import processes
from actuators.process.ports import HOST
from actuators.process.processes import Process
from actuators.process.record import Frozen, Isolated, Launch, Record, Slot
from schemas.inventory import Target
from schemas.outcomes import Undo
from schemas.workloads import Health, ReplicaStatus, Workload

State = Literal["running", "isolated", "stopped"]


def lock(workload: str) -> str:
    return f"workload:{workload}"


def isolated_id(workload: str, isolated: Isolated) -> str:
    return f"isolated:{workload}/{isolated.replica}/{isolated.generation}"


def isolation_id(workload: str) -> str:
    return f"isolation:{workload}"


def targets(record: Record, declared: Workload) -> list[Target]:
    """The workload, its replicas and its isolated processes; whether they live is read from the machine now."""
    attributes = {lock(record.name): _of_workload(record, declared)}
    attributes |= {f"replica:{record.name}/{slot.replica}": _of_replica(record, slot) for slot in record.wanted}
    attributes |= {isolated_id(record.name, each): _of_isolated(record, each) for each in record.isolated}
    if record.isolation:
        attributes[isolation_id(record.name)] = _of_isolation(record, record.isolation)
    return [_target(record, declared, name, found) for name, found in attributes.items()]


def _target(record: Record, declared: Workload, name: str, attributes: dict[str, Any]) -> Target:
    """Of the workload it is counted how many replicas it has and how many of them live, and of each replica the same;
    what is isolated serves nobody."""
    whole, kind = lock(record.name), name.partition(":")[0]
    counted = {
        "workload": record.wanted,
        "replica": [each for each in record.wanted if name.endswith(f"/{each.replica}")],
    }
    slots = counted.get(kind, [])
    return Target(
        id=name,
        lock=whole,
        attributes=attributes,
        protected=declared.protected,
        service=declared.service or record.name,
        owner=whole if kind == "replica" else "",
        replicas=len(slots),
        healthy=sum(_lives(record, slot) for slot in slots),
    )


def _lives(record: Record, slot: Slot) -> bool:
    process = slot.current.process if slot.current else None
    return record.isolation is None and _state(process, isolated=False) == "running"


def _of_workload(record: Record, declared: Workload) -> dict[str, Any]:
    return {
        "generation": record.generation,
        "revision": record.revision,
        "version": record.version,
        "previous_version": record.previous_version,
        "versions": list(declared.versions),
        "replicas": record.replicas,
        "isolated": record.isolation is not None,
    }


def _of_replica(record: Record, slot: Slot) -> dict[str, Any]:
    process = slot.current.process if slot.current else None
    return {
        "generation": slot.generation,
        "version": slot.current.version if slot.current else record.version,
        "state": _state(process, isolated=record.isolation is not None),
        "pid": process.pid if process else None,
        "workload": record.name,
        "instance": _instance(slot.port),
        "isolated": record.isolation is not None,
    }


def _of_isolated(record: Record, isolated: Isolated) -> dict[str, Any]:
    process = isolated.launch.process
    return {
        "generation": isolated.generation,
        "version": isolated.launch.version,
        "state": isolated_state(isolated),
        "pid": process.pid if process else None,
        "workload": record.name,
        "instance": _instance(isolated.launch.port),
        "replacement": record.slots[isolated.replica].generation,
    }


def _of_isolation(record: Record, isolation: Frozen) -> dict[str, Any]:
    """Nothing takes the place of a workload that is isolated as a whole."""
    launches = (slot.current for slot in record.wanted)
    states = {_state(launch.process, isolated=True) for launch in launches if launch}
    return {
        "generation": isolation.generation,
        "state": next((state for state in ("running", "paused") if state in states), "dead"),
        "workload": record.name,
        "replacement": None,
    }


def undo(record: Record, command: str) -> Undo | None:
    """What would undo the isolation that the command made."""
    if record.frozen and record.frozen.command == command:
        as_it_is: dict[str, Any] = {"generation": record.frozen.generation}
        return Undo(verb="release", target=isolation_id(record.name), condition=as_it_is)
    for each in record.isolated:
        if each.command == command:
            as_it_is = {"state": "paused", "replacement": record.slots[each.replica].generation}
            return Undo(verb="release", target=isolated_id(record.name, each), condition=as_it_is)
    return None


def isolated_state(isolated: Isolated) -> str:
    """`paused`, `dead`, or `running` where the isolation was abandoned before it paused the process."""
    return _state(isolated.launch.process, isolated=True)


def _state(process: Process | None, *, isolated: bool) -> str:
    """That a process is paused matters of one that is isolated; any other lives or does not."""
    letter = processes.state(process) if process else ""
    if not isolated:
        return "running" if letter else "dead"
    return {"": "dead", "T": "paused", "t": "paused"}.get(letter, "running")


def _instance(port: int) -> str:
    return f"{HOST}:{port}"


def statuses(record: Record, health: Health | None) -> list[ReplicaStatus]:
    """The lines of the status file: what was last done to each replica, whether or not it lived on."""
    state: State = "isolated" if record.isolation else "stopped" if record.stopped else "running"
    return [_status(record, slot, slot.current, slot.generation, state, health) for slot in record.wanted] + [
        _status(record, record.slots[each.replica], each.launch, each.generation, "isolated", health)
        for each in record.isolated
    ]


def _status(
    record: Record, slot: Slot, launch: Launch | None, generation: int, state: State, health: Health | None
) -> ReplicaStatus:
    process = launch.process if launch else None
    return ReplicaStatus(
        workload=record.name,
        replica=slot.replica,
        instance=_instance(launch.port if launch else slot.port),
        version=launch.version if launch else record.version,
        state=state,
        generation=generation,
        starts=slot.starts,
        pid=process.pid if process else 0,
        created_s=processes.created_s(process) if process else 0.0,
        health_path=health.path if health else None,
        health_timeout_s=health.timeout_s if health else Health().timeout_s,
    )
