"""What an act is to the actuator: something that a command begins once and that then has to be waited for."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from actuators.kubernetes.course import Changed, Course
from actuators.kubernetes.marks import mark_of
from actuators.kubernetes.resources import Ref
from schemas.kubernetes import Object
from schemas.outcomes import Undo
from schemas.plugins import Effect

Found = Effect | Literal["absent", "begun", "unmarked"]


class Act(Protocol):
    """One verb on one target."""

    async def perform(self, course: Course, ref: Ref) -> Effect:
        """Have the effect, unless the command had it before, and wait until it is complete."""
        ...

    async def observe(self, course: Course, ref: Ref) -> Found:
        """Whether the command had its effect, by one look."""
        ...


async def look(course: Course, ref: Ref, found: Object) -> Mapping[str, Any]:
    """The target's attributes."""
    return course.knowledge.attributes(ref, found)


async def changed_before(course: Course, ref: Ref) -> Changed | None:
    """The object, if it has the command's mark."""
    found = await course.find(ref)
    mark = mark_of(found, course.command.id) if found else None
    return Changed(found, mark) if found and mark else None


def effect(course: Course, ref: Ref, changed: Changed, detail: str, undo: Undo | None = None) -> Effect:
    """From what the mark remembers to what the object is now."""
    after = course.knowledge.attributes(ref, changed.found)
    return Effect(before=changed.mark.before, after=after, detail=detail, undo=undo)
