"""A command on its way: its requests, patient with a server that is busy or away, until its time is up.

`change` is how everything that lasts is changed: once, under the condition of the command, with its mark. A request
that may have had its effect is never simply repeated. Each names the version of the object that it was made for, and
the server takes at most one change of a version; so after an answer that was lost the object is read again, and has
the mark or has not. Of two actuators at once, one is told of a conflict and finds the mark of the other.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from actuators.kubernetes.api import Api
from actuators.kubernetes.marks import Mark, mark_of, marked
from actuators.kubernetes.resources import Ref
from schemas.cluster.api import ApiError, Unanswered, Unreached
from schemas.commands import Command
from schemas.kubernetes import Object
from schemas.plugins import ConditionFailed, EffectFailed, EffectUnknown, Gate

_UNAUTHORIZED = 401
_FORBIDDEN = 403
OF_RIGHTS = 'is forbidden: User "'
"""What it is told by that an account has no right; admission, which has reasons of its own, comes after that."""
_NOT_FOUND = 404
_CONFLICT = 409
_GONE = 410
_LONGEST_PAUSE_S = 5.0
_STARTING_S = 10.0
"""For so long a server may refuse whatever it is asked when it was just started: it does not know yet who may what."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What of an object is to be other: values by their JSON pointer, annotations by name (None = none), and what the
    mark is to remember."""

    values: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    note: Mapping[str, Any] = field(default_factory=dict)


Editor = Callable[[Object], Edit]
"""Of the object as it is now. Raises `EffectFailed` where it cannot be done."""
Look = Callable[[Object], Awaitable[Mapping[str, Any]]]
"""The target's attributes, of the object as it is now."""


class Knowledge(Protocol):
    """What is known of the whole cluster, in which a command is one of many."""

    def seen(self, ref: Ref, found: Object | None) -> None:
        """Told of every object that was read or changed, and of those that are not there."""
        ...

    def attributes(self, ref: Ref, found: Object) -> dict[str, Any]:
        """Of the target that the object is, as the inventory has them."""
        ...

    def is_away(self, node: str) -> bool:
        """Whether a node of this name is known not to be ready, or not to be there."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between looks at what is waited for, of the first pause after a failed request, and without progress
    until troubles of pods are taken as final."""

    poll_s: float
    retry_s: float
    stuck_s: float


@dataclass(frozen=True, slots=True)
class Changed:
    """The object with the command's mark on it, and the mark."""

    found: Object
    mark: Mark


class Course:
    """One command on its way; `ends` is the time of the loop when it has to be over."""

    def __init__(self, api: Api, command: Command, gate: Gate, pace: Pace, ends: float, knowledge: Knowledge) -> None:
        self.api = api
        self.command = command
        self.gate = gate
        self.pace = pace
        self._ends = ends
        self.knowledge = knowledge
        self._failures = 0
        self._doubt = ""
        """The write of ours of which it is not known whether it had its effect."""
        self._refused_since: float | None = None
        """Since when we may nothing; long ago once that was taken as final."""

    def beside(self) -> "Course":
        """The same command on a way of its own, for what is done at the same time."""
        return Course(self.api, self.command, self.gate, self.pace, self._ends, self.knowledge)

    # --- time ---

    @property
    def left_s(self) -> float:
        """Until it has to be over."""
        return self._ends - asyncio.get_running_loop().time()

    async def pause(self, why: str, at_least_s: float = 0.0) -> None:
        """Wait before trying again, longer each time. Raises what is known when the time is up."""
        delay_s = max(at_least_s, min(_LONGEST_PAUSE_S, self.pace.retry_s * 2 ** min(self._failures, 10)))
        self._failures += 1
        await self._wait(delay_s, why)

    async def look_again(self, why: str) -> None:
        """Wait until the next look at what is waited for. Raises what is known when the time is up."""
        self._failures = 0
        await self._wait(self.pace.poll_s, why)

    async def _wait(self, delay_s: float, why: str) -> None:
        if asyncio.get_running_loop().time() + delay_s > self._ends:
            raise self._failure(f"not done in time: {why}")
        await asyncio.sleep(delay_s)

    def _failure(self, why: str) -> EffectFailed | EffectUnknown:
        """What it comes to when it cannot go on: with a write in doubt nobody can tell."""
        return EffectUnknown(f"{self._doubt}; then: {why}") if self._doubt else EffectFailed(why)

    def _is_granted(self) -> None:
        self._failures = 0
        if self._refused_since != -math.inf:
            self._refused_since = None

    def _for_now(self, error: ApiError) -> bool:
        """Whether we are refused, and perhaps only because the server was just started. What it then still refuses is
        final, and so is whatever else it refuses later."""
        if error.code != _UNAUTHORIZED and not (error.code == _FORBIDDEN and OF_RIGHTS in error.message):
            return False
        now = asyncio.get_running_loop().time()
        since = now if self._refused_since is None else self._refused_since
        patient = now - since < min(_STARTING_S, self.pace.stuck_s)
        self._refused_since = since if patient else -math.inf
        return patient

    # --- reading ---

    async def read(self, path: str, **query: str) -> Object | None:
        """An object or a list, None where there is none, or no longer that page of it. Goes on trying while the server
        is busy or away."""
        while True:
            try:
                found = await self.api.get(path, **query)
            except ApiError as error:
                if error.code in (_NOT_FOUND, _GONE):
                    return None
                if not error.transient and error.code < 500 and not self._for_now(error):
                    raise self._failure(str(error)) from error
                await self.pause(str(error), error.retry_after_s)
            except (Unanswered, Unreached) as error:
                await self.pause(str(error))
            else:
                self._is_granted()
                return found

    async def find(self, ref: Ref) -> Object | None:
        """The object as it is now, which those who know the whole cluster are told too."""
        found = await self.read(ref.path)
        self.knowledge.seen(ref, found)
        return found

    async def there(self, ref: Ref) -> Object:
        """The object as it is now. Raises `ConditionFailed` where there is none."""
        found = await self.find(ref)
        if found is None and self._doubt:
            raise self._failure(f"{ref.id} is gone")
        if found is None:
            raise ConditionFailed({}, f"there is no {ref.id}")
        return found

    async def items(self, path: str, **query: str) -> list[Object]:
        """All objects of a collection, from its beginning again where a page is no longer to be had."""
        found: list[Object] = []
        page: Mapping[str, str] = {}
        while True:
            listed = await self.read(path, limit="500", **query, **page)
            if listed is None and page:  # Its moment is forgotten: all anew.
                found, page = [], {}
                continue
            listed = listed or {}
            found += listed.get("items") or ()
            rest = (listed.get("metadata") or {}).get("continue")
            if not rest:
                return found
            page = {"continue": rest}

    # --- writing ---

    async def change(self, ref: Ref, edit: Editor, look: Look) -> Changed:
        """Change the object once, and mark it. Raises `ConditionFailed`, `EffectFailed` and `EffectUnknown`."""
        while True:
            found = await self.there(ref)
            if mark := mark_of(found, self.command.id):
                self._doubt = ""
                return Changed(found, mark)
            before = await look(found)
            try:
                self.check(before)
                edited = edit(found)
            except (ConditionFailed, EffectFailed):
                # What was looked at beside it may be newer than the object, and this very command's doing.
                if mark_of(await self.there(ref), self.command.id):
                    continue
                raise
            mark = Mark(id=self.command.id, verb=self.command.verb, before=dict(before), note=dict(edited.note))
            operations = _operations(found, edited, mark)
            await self.gate()
            changed = await self.write(self.api.patch(ref.path, operations), f"patch of {ref.id}")
            if changed is not None:
                self.knowledge.seen(ref, changed)
                return Changed(changed, mark)

    def check(self, actual: Mapping[str, Any]) -> None:
        """Raises `ConditionFailed` where the command's condition does not hold."""
        wanted = self.command.condition
        if any(name not in actual or actual[name] != value for name, value in wanted.items()):
            found = ", ".join(f"{name} = {actual.get(name)}" for name in wanted)
            raise ConditionFailed(actual, f"found {found}")

    async def write(self, sent: Awaitable[Object], what: str) -> Object | None:
        """The answer to one request that changes something; None where one has to look how things are now."""
        try:
            answer = await sent
        except ApiError as error:
            if error.code not in (_NOT_FOUND, _CONFLICT) and not error.transient and not self._for_now(error):
                raise self._failure(str(error)) from error
            await self.pause(f"{what}: {error}", error.retry_after_s)
        except Unanswered as error:
            self._doubt = f"{what}: {error}"
            await self.pause(self._doubt)
        except Unreached as error:
            await self.pause(f"{what}: {error}")
        else:
            self._doubt = ""
            self._is_granted()
            return answer
        return None

    def settled(self) -> None:
        """What was written is found to be so, whoever wrote it."""
        self._doubt = ""


def _operations(found: Object, edited: Edit, mark: Mark) -> list[Object]:
    """The JSON patch. Members are replaced whole, which is safe for exactly the version that it names."""
    annotations = marked(found, mark)
    for name, value in edited.annotations.items():
        if value is None:
            annotations.pop(name, None)
        else:
            annotations[name] = value
    version = found["metadata"]["resourceVersion"]
    values = {**edited.values, "/metadata/annotations": annotations}
    return [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        *({"op": "add", "path": path, "value": value} for path, value in values.items()),
    ]
