"""One workload and the acts on it, one at a time and each once.

An act is begun by recording what shall be, then the machine is made so, then the act is recorded as done. A crash
between any two instants leaves a record from which the same act goes on where it stopped, or from which the next one
starts. Only acts start anything: a replica that dies stays dead until it is asked for again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from actuators.process import changes, processes, signals
from actuators.process.record import Declared, Mark, Record
from actuators.process.rotation import Rotation, ungated
from actuators.process.targets import isolation_id, undo
from schemas.outcomes import Undo
from schemas.plugins import ConditionFailed, Effect, EffectFailed, EffectUnknown, Gate, Observation
from schemas.workloads import Workload

ROLLOUT_TIMEOUT_S = 120.0
_DECLARED = "declared-"
"""Acts that the file asks for are named `declared-<generation>`."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is asked of a workload. `change` gives the record as it shall be, or raises `EffectFailed`; `undo` says what
    would take it back, by the target's attributes before and after."""

    command: str
    target: str
    condition: Mapping[str, Any]
    change: Callable[[Record], Record]
    timeout_s: float
    undo: Callable[[Mapping[str, Any], Mapping[str, Any]], Undo | None] = lambda *_: None


class SupervisedWorkload:
    """Carries out acts on the workload of `rotation`."""

    def __init__(self, rotation: Rotation) -> None:
        self.rotation = rotation
        self._postponed = False
        self._lock = asyncio.Lock()

    @property
    def record(self) -> Record:
        return self.rotation.record

    async def carry_out(self, act: Act, gate: Gate) -> Effect:
        """Have the act's effect once, however often it is asked for. Raises `ConditionFailed`, `EffectFailed` or
        `EffectUnknown`."""
        async with self._lock, _limit(act.timeout_s):
            await self._refresh()
            mark = self.record.mark(act.command) or await self._begin(act)
            if mark.abandoned:
                raise EffectUnknown("it was begun, and another act took over before it was done")
            return _effect(mark) if mark.after is not None else _effect(await self._complete(mark, gate))

    async def observe(self, command: str) -> Observation:
        """Whether the act of this id has had its effect. What the record says shall be is an effect that has begun."""
        async with self._lock:
            await self._refresh()
            mark = self.record.mark(command)
            if mark is None:
                return "absent"
            if mark.abandoned:
                return "unmarked"
            return "begun" if mark.after is None else _effect(mark)

    async def apply(self, declared: Workload) -> None:
        """Follow the file: bring a deployment that was cut short to its end, then begin another if the file says so.

        Nothing is deployed over what is isolated: that waits for the release (`is_due`).
        """
        async with self._lock, _limit(ROLLOUT_TIMEOUT_S):
            await self._refresh()
            self.rotation.declared = declared
            self._postponed = self.record.isolation is not None
            if self._postponed:
                return
            unfinished = self.record.unfinished
            if unfinished and unfinished.command.startswith(_DECLARED):
                await self._complete(unfinished, ungated)
            await self._declare(Declared(version=declared.version, replicas=declared.replicas))

    def is_due(self) -> bool:
        """Whether the file is to be followed anew, because what it said could not be done and now can."""
        return self._postponed and self.record.isolation is None

    async def _declare(self, wanted: Declared) -> None:
        by = f"{_DECLARED}{self.record.generation + 1}"
        changed = changes.declare(self.record, by, wanted)
        if replace(changed, declared=self.record.declared) != self.record:
            target = f"workload:{self.record.name}"
            mark = await self._begin(
                Act(by, target, {}, lambda record: changes.declare(record, by, wanted), ROLLOUT_TIMEOUT_S)
            )
            await self._complete(mark, ungated)
        elif changed != self.record:
            await self.rotation.save(changed)

    async def stop(self) -> None:
        """End all its processes, isolated ones too, and remember that this was on purpose."""
        async with self._lock:
            await self._refresh()
            await self.rotation.save(replace(changes.abandon(self.record), stopped=True))
            isolated = [each.launch.process for each in self.record.isolated if each.launch.process]
            slots = self.record.slots
            if self.record.isolation:
                isolated += [slot.current.process for slot in slots if slot.current and slot.current.process]
                slots = ()
            await asyncio.gather(
                *(self.rotation.end(slot, ungated) for slot in slots),
                # An isolated process is not let go on, not even to end itself.
                *(signals.kill(processes.session(leader), ungated) for leader in isolated),
            )
            await self.rotation.save(replace(self.record, isolated=()))

    # --- the course of an act ---

    async def _begin(self, act: Act) -> Mark:
        before = self.rotation.attributes(act.target)
        if not before or any(name not in before or before[name] != value for name, value in act.condition.items()):
            raise ConditionFailed(before)
        if self.record.isolation and act.target != isolation_id(self.record.name):
            raise ConditionFailed(before, f"{self.record.name} is isolated: nothing but its release acts on it")
        mark = Mark(command=act.command, target=act.target, before=before)
        begun = changes.begin(self.record, act.change(changes.abandon(self.record)), mark)
        mark = replace(mark, undo=act.undo(before, self.rotation.attributes(act.target, begun)))
        await self.rotation.save(changes.finish(begun, mark))
        return mark

    async def _complete(self, mark: Mark, gate: Gate) -> Mark:
        for isolated in self.record.isolated:
            if isolated.command == mark.command:
                await self.rotation.isolate(isolated, gate)
        if frozen := self.record.frozen:
            if frozen.command == mark.command:
                await self.rotation.freeze(gate)
            elif frozen.released_by == mark.command:
                await self.rotation.thaw(gate)
        replicas = [slot.replica for slot in self.record.slots if slot.command == mark.command]
        failures: list[str] = []
        for replica in replicas:
            # What does not live has nothing to lose: all of it is started at once.
            if not self.rotation.lives(self.record.slots[replica]):
                await _attempt(self._place(replica, gate), failures)
        for replica in replicas:
            # What failed goes no further over what still lives.
            if not failures or self.record.slots[replica].pending is None:
                await _attempt(self._place_and_wait(replica, gate), failures)
        if failures:
            raise EffectFailed("; ".join(failures))
        return await self._finish(mark)

    async def _place(self, replica: int, gate: Gate) -> None:
        """End what shall no longer be in this place and start what shall be."""
        slot = self.record.slots[replica]
        if slot.pending is not None or replica >= self.record.replicas:
            await self.rotation.end(slot, gate)
        if slot.pending is not None:
            await self.rotation.start(replica, gate)

    async def _place_and_wait(self, replica: int, gate: Gate) -> None:
        await self._place(replica, gate)
        if replica < self.record.replicas:
            await self.rotation.up(replica)

    async def _finish(self, mark: Mark) -> Mark:
        kept = [self.rotation.evidence(each) for each in self.record.isolated if each.command == mark.command]
        done = replace(
            mark,
            after={},
            detail=f"evidence is kept in {kept[0]}" if kept else "",
            undo=mark.undo or undo(self.record, mark.command),
        )
        after = self.rotation.attributes(mark.target, changes.finish(self.record, done))
        done = replace(done, after=after)
        await self.rotation.save(changes.finish(self.record, done))
        return done

    async def _refresh(self) -> None:
        """Know again what is true, and whether the act that was begun last has come to its end."""
        await self.rotation.refresh()
        unfinished = self.record.unfinished
        if unfinished and self._has_happened(unfinished.command):
            await self._finish(unfinished)

    def _has_happened(self, command: str) -> bool:
        changed = [slot for slot in self.record.slots if slot.command == command]
        isolated = [each for each in self.record.isolated if each.command == command]
        frozen = self.record.frozen
        if frozen and command in (frozen.command, frozen.released_by):
            return frozen.command == command and self.rotation.stands_still()
        return (
            not any(slot.pending for slot in changed)
            and not any(self.rotation.lives(slot) for slot in changed if slot.replica >= self.record.replicas)
            and all(self.rotation.evidence(each).exists() for each in isolated)
        )


async def _attempt(step: Awaitable[None], failures: list[str]) -> None:
    try:
        await step
    except EffectFailed as failure:
        failures.append(str(failure))


def _effect(mark: Mark) -> Effect:
    return Effect(before=mark.before, after=mark.after or {}, detail=mark.detail, undo=mark.undo)


@asynccontextmanager
async def _limit(timeout_s: float) -> AsyncIterator[None]:
    """Fail what takes longer, and only that: a time-out raised within is not ours to translate."""
    try:
        async with asyncio.timeout(timeout_s) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise EffectFailed(f"not done within {timeout_s:g} s") from None
