"""`cordon`, `uncordon` and `drain`: no new pods for a node, and the old ones elsewhere."""

import asyncio
from collections.abc import Iterable
from functools import partial

from actuators.kubernetes.acts import Found, changed_before, effect, look
from actuators.kubernetes.course import Changed, Course, Edit
from actuators.kubernetes.marks import CORDONED_BY
from actuators.kubernetes.pods import Ending
from actuators.kubernetes.resources import PODS, Ref, controller_of
from actuators.kubernetes.rollout import is_ending, is_ready
from actuators.kubernetes.targets import stays
from schemas.kubernetes import Object
from schemas.outcomes import Undo
from schemas.plugins import Effect, EffectFailed

_AT_ONCE = 8
_SHOWN = 5


class Cordon:
    """What was cordoned before is left as it is, and its undo is not ours."""

    async def perform(self, course: Course, ref: Ref) -> Effect:
        return _cordoned(course, ref, await course.change(ref, partial(_cordon, course), partial(look, course, ref)))

    async def observe(self, course: Course, ref: Ref) -> Found:
        changed = await changed_before(course, ref)
        return _cordoned(course, ref, changed) if changed else "absent"


class Uncordon:
    async def perform(self, course: Course, ref: Ref) -> Effect:
        return effect(course, ref, await course.change(ref, _uncordon, partial(look, course, ref)), "uncordoned")

    async def observe(self, course: Course, ref: Ref) -> Found:
        changed = await changed_before(course, ref)
        return effect(course, ref, changed, "uncordoned") if changed else "absent"


class Drain:
    """Goes on where it was after a crash: the mark on the node says that it has begun, its pods how far it came.

    `namespaces` are those in which pods may be evicted, all where it is empty.
    """

    def __init__(self, namespaces: Iterable[str], evict: Ending) -> None:
        self._namespaces = frozenset(namespaces)
        self._evict = evict

    async def perform(self, course: Course, ref: Ref) -> Effect:
        if await changed_before(course, ref) is None:
            course.check(await look(course, ref, await course.there(ref)))
            self._may(course, await _pods(course, ref))
        changed = await course.change(ref, partial(_cordon, course), partial(look, course, ref))
        evicted = 0
        while True:
            node = await course.find(ref)
            if node is None:
                raise EffectFailed(f"{ref.id} was removed meanwhile, {evicted} pods evicted before")
            left = self._leaving(course, node, await _pods(course, ref))
            if not left:
                return _cordoned(course, ref, changed, f", {evicted} pods evicted")
            if not (node.get("spec") or {}).get("unschedulable"):
                raise EffectFailed(f"{ref.id} was uncordoned meanwhile: {len(left)} pods were left there")
            await self._evict_all(course, ref, left)
            evicted += len(left)

    async def observe(self, course: Course, ref: Ref) -> Found:
        changed = await changed_before(course, ref)
        if changed is None:
            return "absent"
        left = self._leaving(course, changed.found, await _pods(course, ref))
        return "begun" if left else _cordoned(course, ref, changed, ", drained")

    def _may(self, course: Course, pods: Iterable[Object]) -> None:
        """Raises `EffectFailed` where pods would be lost for good, or are none of ours; nothing is done then. What is
        ending already is not lost by us."""
        moving = [pod for pod in pods if not stays(pod) and not is_ending(pod)]
        reasons = {
            "without a controller (force)": [pod for pod in moving if _unmanaged(pod) and not _says(course, "force")],
            "with an emptyDir (delete_emptydir_data)": [
                pod for pod in moving if _has_local_data(pod) and not _says(course, "delete_emptydir_data")
            ],
            "in namespaces of others": [pod for pod in moving if not self._ours(pod)],
        }
        if told := [f"{why}: {_named(found)}" for why, found in reasons.items() if found]:
            raise EffectFailed(f"nothing was done, since pods would be lost: {'; '.join(told)}")

    def _leaving(self, course: Course, node: Object, pods: Iterable[Object]) -> list[Object]:
        """Those that are to be evicted still. On a node that is away none is seen to end: that it is to is enough."""
        return [
            pod
            for pod in pods
            if not stays(pod)
            and (is_ready(node) or not is_ending(pod))
            and self._ours(pod)
            and (_says(course, "force") or not _unmanaged(pod))
            and (_says(course, "delete_emptydir_data") or not _has_local_data(pod))
        ]

    def _ours(self, pod: Object) -> bool:
        return not self._namespaces or pod["metadata"]["namespace"] in self._namespaces

    async def _evict_all(self, course: Course, ref: Ref, pods: list[Object]) -> None:
        """Some at a time; that one cannot go does not keep the others. Raises `EffectFailed` for those that stay. That
        they are to end is enough where the node is away, or goes away meanwhile."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def evict(pod: Object) -> None:
            meta = pod["metadata"]
            async with room:
                own = course.beside()
                leave = partial(course.knowledge.is_away, ref.name)
                await self._evict.end(own, Ref("pod", meta["namespace"], meta["name"]), pod, leave=leave)

        results = await asyncio.gather(*map(evict, pods), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        for error in errors:
            if not isinstance(error, EffectFailed):
                raise error
        if errors:
            raise EffectFailed("; ".join(str(error) for error in errors[:_SHOWN]))


# --- nodes ---


def _cordon(course: Course, found: Object) -> Edit:
    if (found.get("spec") or {}).get("unschedulable"):
        return Edit(note={"was": True})
    return Edit({"/spec/unschedulable": True}, {CORDONED_BY: course.command.id})


def _uncordon(found: Object) -> Edit:
    values = {"/spec/unschedulable": False} if (found.get("spec") or {}).get("unschedulable") else {}
    return Edit(values, {CORDONED_BY: None})


def _cordoned(course: Course, ref: Ref, changed: Changed, more: str = "") -> Effect:
    if changed.mark.note.get("was"):
        return effect(course, ref, changed, f"was cordoned before{more}")
    as_it_is = {"uid": changed.found["metadata"]["uid"], "cordoned_by": changed.mark.id}
    return effect(course, ref, changed, f"cordoned{more}", Undo(verb="uncordon", target=ref.id, condition=as_it_is))


# --- pods of a node ---


async def _pods(course: Course, ref: Ref) -> list[Object]:
    return await course.items(PODS.path(), fieldSelector=f"spec.nodeName={ref.name}")


def _unmanaged(pod: Object) -> bool:
    return controller_of(pod) is None


def _has_local_data(pod: Object) -> bool:
    return any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ())


def _says(course: Course, argument: str) -> bool:
    return str(course.command.args.get(argument, "")).lower() == "true"


def _named(pods: list[Object]) -> str:
    names = [f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in pods]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
