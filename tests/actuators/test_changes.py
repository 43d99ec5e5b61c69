"""What acts make of a workload's record: values in, values out."""

from msgspec.structs import replace

from actuators.process import changes
from actuators.process.processes import Process
from actuators.process.record import Declared, Record


def started(record: Record, pid: int = 100) -> Record:
    """The record once everything pending has been started, each with another pid."""
    for slot in record.slots:
        if slot.pending:
            process = slot.pending.process or Process(pid=pid + slot.replica, start_ticks=1, boot="b")
            record = changes.take_place(record, slot.replica, replace(slot.pending, process=process))
    return record


FIRST = started(changes.declare(Record(name="w"), "declared-1", Declared(version="v1", replicas=2)))


def pids(record: Record) -> list[int]:
    return [slot.current.process.pid for slot in record.wanted if slot.current and slot.current.process]


def test_rolling_back_twice_never_returns_to_what_was_left() -> None:
    """A version rolled back from is not `previous_version` afterwards."""
    third = changes.deploy(changes.deploy(FIRST, "c1", "v2"), "c2", "v3")
    assert third.previous_version == "v2"
    second = changes.rollback(third, "c3", "v2")
    assert (second.version, second.previous_version, second.revision) == ("v2", "v1", 4)
    first = changes.rollback(second, "c4", "v1")
    assert (first.version, first.previous_version) == ("v1", None)


def test_declaring_the_same_again_changes_nothing() -> None:
    """Whatever commands have made of the workload meanwhile."""
    commanded = started(changes.scale(changes.deploy(FIRST, "c1", "v2"), "c2", 5))
    assert changes.declare(commanded, "declared-9", Declared(version="v1", replicas=2)) == commanded


def test_declaring_what_is_already_so_changes_only_what_is_remembered() -> None:
    """The file catching up with a command is not a deployment."""
    commanded = started(changes.deploy(FIRST, "c1", "v2"))
    declared = Declared(version="v2", replicas=2)
    assert changes.declare(commanded, "declared-9", declared) == replace(commanded, declared=declared)


def test_a_generation_never_comes_twice() -> None:
    """Not by isolating and releasing, nor by scaling down and up again."""
    isolated = started(changes.isolate(FIRST, "c1", 1), pid=200)
    released = started(changes.release(isolated, "c2", isolated.isolated[0]))
    restarted = started(changes.restart(released, "c3", {1}), pid=300)
    fewer = changes.scale(restarted, "c4", 1)
    more = started(changes.scale(fewer, "c5", 2), pid=400)
    course = (FIRST, isolated, released, restarted, more)
    assert [record.slots[1].generation for record in course] == [1, 2, 3, 4, 5]
    assert [pids(record)[1] for record in course] == [101, 201, 101, 301, 401]
    assert [record.slots[1].starts for record in course] == [1, 2, 2, 3, 4]
    assert released.isolated == ()


def test_a_newer_act_ends_an_abandoned_one() -> None:
    """What an earlier command had still to do is not done on behalf of a later one."""
    abandoned = changes.restart(FIRST, "c1")
    assert changes.abandon(abandoned).slots[0].pending is None
    later = changes.restart(changes.abandon(abandoned), "c2", {1})
    assert [slot.replica for slot in later.slots if slot.pending] == [1]
