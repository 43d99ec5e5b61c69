"""What each act makes of a workload's record. Pure: a record in, the record of what shall be out.

Nothing here touches a process; `workload` makes the machine follow. `by` is the id of the command (or declaration) that
asks, and stands in every slot that it changes.
"""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from actuators.process.record import Declared, Frozen, Isolated, Launch, Mark, Record, Slot
from schemas.plugins import EffectFailed

MARKS_KEPT = 64
HISTORY_KEPT = 20


# --- the acts ---


def restart(record: Record, by: str, replicas: Collection[int] | None = None) -> Record:
    """Start these replicas anew, or all of them, in the workload's present version."""
    return _with_slots(
        record,
        (_pend(record, slot, by) if replicas is None or slot.replica in replicas else slot for slot in record.wanted),
    )


def scale(record: Record, by: str, replicas: int) -> Record:
    """Have so many replicas: the highest go first, and those that come are started."""
    slots = (*record.slots, *(Slot(replica=number) for number in range(len(record.slots), replicas)))
    changed = []
    for slot in slots:
        if slot.replica >= replicas:
            changed.append(replace(slot, command=by, pending=None))
        elif slot.replica >= record.replicas or slot.current is None:
            changed.append(_pend(record, slot, by))
        else:
            changed.append(slot)
    return replace(record, replicas=replicas, slots=tuple(changed))


def deploy(record: Record, by: str, version: str) -> Record:
    """Run this version on every replica."""
    history = record.history if version == record.version else (*record.history, version)[-HISTORY_KEPT:]
    return _turn_to(record, by, history)


def rollback(record: Record, by: str, version: str) -> Record:
    """Return to this version, forgetting those after it; to the one that was left by doing so, and they are back."""
    earlier = record.history[:-1]
    if version in earlier:
        kept = len(earlier) - earlier[::-1].index(version)
        return _turn_to(record, by, earlier[:kept], left=record.history)
    if record.left and version == record.left[-1] != record.version:
        return _turn_to(record, by, record.left)
    return deploy(record, by, version)


def _turn_to(record: Record, by: str, history: tuple[str, ...], left: tuple[str, ...] = ()) -> Record:
    return restart(replace(record, history=history, left=left, revision=record.revision + 1), by)


def isolate(record: Record, by: str, replica: int) -> Record:
    """Take the replica's process out of rotation and put another in its place."""
    slot = record.slots[replica]
    if slot.current is None:
        raise EffectFailed(f"replica {record.name}/{replica} has no process to isolate")
    isolated = Isolated(replica=replica, generation=slot.generation, command=by, launch=slot.current)
    emptied = replace(slot, current=None)
    return _with_slot(replace(record, isolated=(*record.isolated, isolated)), _pend(record, emptied, by))


def release(record: Record, by: str, isolated: Isolated) -> Record:
    """Let the isolated process take the place of its replacement again."""
    if isolated.replica >= record.replicas:
        raise EffectFailed(f"{record.name} has only {record.replicas} replicas now: scale it first")
    slot = record.slots[isolated.replica]
    return _with_slot(record, replace(slot, command=by, pending=isolated.launch))


def freeze(record: Record, by: str) -> Record:
    """Isolate the workload as a whole, where it stands; `begin` counts its generation."""
    return replace(record, frozen=Frozen(generation=record.generation + 1, command=by))


def thaw(record: Record, by: str) -> Record:
    """Begin to let the workload go on."""
    if record.frozen is None:
        raise EffectFailed(f"{record.name} is not isolated")
    return replace(record, frozen=replace(record.frozen, released_by=by))


def declare(record: Record, by: str, declared: Declared) -> Record:
    """Apply what the file says: only what it says otherwise than before is a deployment."""
    changed = record
    if record.declared is None:
        changed = scale(replace(record, history=(declared.version,), revision=1), by, declared.replicas)
    else:
        if declared.version not in (record.declared.version, record.version):
            changed = deploy(changed, by, declared.version)
        if declared.replicas not in (record.declared.replicas, record.replicas):
            changed = scale(changed, by, declared.replicas)
    if record.stopped:
        changed = restart(replace(changed, stopped=False), by)
    return replace(changed, declared=declared)


# --- their course ---


def begin(record: Record, changed: Record, mark: Mark) -> Record:
    """The record with an act begun that makes it `changed`."""
    of_workload = mark.target.startswith("workload:")
    return replace(changed, generation=record.generation + of_workload, marks=(*changed.marks, mark)[-MARKS_KEPT:])


def abandon(record: Record) -> Record:
    """The record without what an unfinished act has still to do: a newer act has the say now. That it was begun stays
    on record."""
    unfinished = record.unfinished
    return replace(
        record,
        slots=tuple(replace(slot, pending=None) for slot in record.slots),
        frozen=record.isolation,
        marks=tuple(replace(mark, abandoned=True) if mark is unfinished else mark for mark in record.marks),
    )


def take_place(record: Record, replica: int, launch: Launch) -> Record:
    """The pending launch of a replica is in rotation, started or returned from isolation."""
    slot = record.slots[replica]
    returned = slot.pending is not None and slot.pending.process is not None
    changed = replace(
        slot,
        generation=slot.generation + 1,
        starts=slot.starts + (not returned),
        port=launch.port,
        current=launch,
        pending=None,
    )
    isolated = tuple(each for each in record.isolated if each.launch.process != launch.process)
    return _with_slot(replace(record, isolated=isolated), changed)


def finish(record: Record, done: Mark) -> Record:
    """The act of this mark is done."""
    return replace(record, marks=tuple(done if each.command == done.command else each for each in record.marks))


def assign_port(record: Record, replica: int, port: int) -> Record:
    """The pending launch of a replica will listen here."""
    slot = record.slots[replica]
    assert slot.pending is not None, "only a pending launch has a port to choose"
    return _with_slot(record, replace(slot, pending=replace(slot.pending, port=port)))


def _pend(record: Record, slot: Slot, by: str) -> Slot:
    return replace(slot, command=by, pending=Launch(generation=slot.generation + 1, version=record.version))


def _with_slot(record: Record, slot: Slot) -> Record:
    return _with_slots(record, (slot,))


def _with_slots(record: Record, slots: Iterable[Slot]) -> Record:
    changed = {slot.replica: slot for slot in slots}
    return replace(record, slots=tuple(changed.get(slot.replica, slot) for slot in record.slots))
