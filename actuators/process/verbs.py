"""The verbs: what each is declared as, and what act on a workload a command of it asks for."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from actuators.process import changes, processes
from actuators.process.collector import COLLECT
from actuators.process.record import Isolated, Record
from actuators.process.targets import isolated_id, isolated_state
from actuators.process.workload import Act
from schemas.commands import Command
from schemas.outcomes import Undo
from schemas.plugins import EffectFailed, VerbSpec
from schemas.workloads import Workload

MAX_REPLICAS = 1000

_REPLICA = ("workload", "replica")
_WORKLOAD = ("workload",)
_RUN = (
    "to run the declared programs, as the actuator's own user",
    "to signal what it started",
    "to write its state directory",
)

VERBS = (
    VerbSpec(
        name="restart",
        summary="Start a replica anew, or all replicas of a workload one after the other.",
        targets={"replica": _REPLICA, "workload": _WORKLOAD},
        condition=("generation",),
        disrupts="one",
        timeout_ms=60_000,
        permissions=_RUN,
    ),
    VerbSpec(
        name="scale",
        summary="Have this number of replicas.",
        targets={"workload": _WORKLOAD},
        required=("replicas",),
        integers=("replicas",),
        condition=("generation",),
        disrupts="fewer",
        timeout_ms=120_000,
        undo="scale",
        undo_args={"replicas": "replicas"},
        permissions=_RUN,
    ),
    VerbSpec(
        name="deploy",
        summary="Run a declared version on all replicas, one after the other.",
        targets={"workload": _WORKLOAD},
        required=("version",),
        condition=("revision",),
        disrupts="one",
        timeout_ms=120_000,
        undo="rollback",
        undo_args={"to": "version"},
        permissions=_RUN,
    ),
    VerbSpec(
        name="rollback",
        summary="Return to an earlier version, by default the one before the present one.",
        targets={"workload": _WORKLOAD},
        optional=("to",),
        condition=("revision",),
        disrupts="one",
        absolute={"to": "previous_version"},
        timeout_ms=120_000,
        undo="rollback",
        undo_args={"to": "version"},
        permissions=_RUN,
    ),
    VerbSpec(
        name="isolate",
        summary="Take a replica out of rotation, pause it, keep evidence of it and start another in its place; or "
        "freeze a workload as a whole: all its processes are paused and nothing takes their place.",
        targets={"replica": _REPLICA, "workload": _WORKLOAD},
        condition=("generation",),
        timeout_ms=60_000,
        undo="release",
        permissions=_RUN,
    ),
    VerbSpec(
        name="release",
        summary="Undo an isolation: end the replacement, if there is one, and let what was paused go on in rotation.",
        targets={"isolated": (*_REPLICA, "generation"), "isolation": _WORKLOAD},
        # `replacement` is the generation of what would be ended: it must still be what the decision knew.
        condition=("generation", "state", "replacement"),
        disrupts="none",
        timeout_ms=60_000,
        permissions=_RUN,
    ),
    COLLECT,
)

_VERBS = {verb.name: verb for verb in VERBS}
_AS_LEFT = {"scale": ("generation", "replicas"), "rollback": ("revision", "version")}
"""What of a workload must be as the effect left it, by the verb that undoes it."""


def act(command: Command, declared: Workload) -> Act:
    """The act that the command asks for. Raises `EffectFailed` for what it cannot ask for."""
    return Act(
        command=command.id,
        target=command.target,
        condition=command.condition,
        change=_change(command, declared),
        timeout_s=_VERBS[command.verb].timeout_ms / 1000,
        undo=partial(_undo, command),
    )


def _undo(command: Command, before: Mapping[str, Any], after: Mapping[str, Any]) -> Undo | None:
    """What takes the workload back to what it was; nothing where it is what it was."""
    verb = _VERBS[command.verb]
    args = {name: before[attribute] for name, attribute in verb.undo_args.items()}
    if all(after[attribute] == before[attribute] for attribute in verb.undo_args.values()):
        return None
    as_it_is = {name: after[name] for name in _AS_LEFT[verb.undo]}
    return Undo(verb=verb.undo, target=command.target, condition=as_it_is, args=args)


def _change(command: Command, declared: Workload) -> Callable[[Record], Record]:
    by = command.id
    match command.verb:
        case "restart":
            one = command.target.startswith("replica:")
            return lambda record: changes.restart(record, by, (_replica(command),) if one else None)
        case "scale":
            count = _count(command.args["replicas"])
            return lambda record: changes.scale(record, by, count)
        case "deploy":
            version = _version(command.args["version"], declared)
            return lambda record: changes.deploy(record, by, version)
        case "rollback":
            version = _version(command.args["to"], declared)
            return lambda record: changes.rollback(record, by, version)
        case "isolate":
            if command.target.startswith("workload:"):
                return lambda record: changes.freeze(record, by)
            return lambda record: _isolate(record, by, _replica(command))
        case "release" if command.target.startswith("isolation:"):
            return lambda record: changes.thaw(record, by)
        case "release":
            return lambda record: changes.release(record, by, _isolated(record, command.target))
    raise EffectFailed(f"there is no verb {command.verb!r}")


def _isolate(record: Record, by: str, replica: int) -> Record:
    current = record.slots[replica].current
    if current is None or not processes.alive(current.process):
        raise EffectFailed(f"replica {record.name}/{replica} does not run: there is nothing to isolate")
    return changes.isolate(record, by, replica)


def _isolated(record: Record, target: str) -> Isolated:
    found = next(each for each in record.isolated if isolated_id(record.name, each) == target)
    if isolated_state(found) == "dead":
        raise EffectFailed(f"{target} has died: there is nothing to release")
    return found


def _replica(command: Command) -> int:
    return int(command.target.rpartition("/")[2])


def _version(version: str, declared: Workload) -> str:
    if version not in declared.versions:
        raise EffectFailed(f"version {version!r} is not declared; declared are {', '.join(declared.versions)}")
    return version


def _count(replicas: int) -> int:
    if not 0 <= replicas <= MAX_REPLICAS:
        raise EffectFailed(f"replicas: expected 0 to {MAX_REPLICAS}, got {replicas}")
    return replicas
