"""`restart`, `scale` and `rollback`: a change of a workload's specification, and then its rollout."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from actuators.kubernetes.acts import Found, changed_before, effect, look
from actuators.kubernetes.course import Changed, Course, Edit
from actuators.kubernetes.marks import COMMAND
from actuators.kubernetes.ordered import make_way
from actuators.kubernetes.resources import PODS, REPLICA_SETS, REVISIONS, Ref, annotations_of, selector_text
from actuators.kubernetes.revisions import Revision, current, is_of, revisions, template_of
from actuators.kubernetes.rollout import Rollout, is_ending, is_ready, is_seen, late_since, rollout, troubles, unready
from actuators.kubernetes.unmade import is_refused, unmade
from schemas.kubernetes import Object
from schemas.outcomes import Undo
from schemas.plugins import Effect, EffectFailed

MAX_REPLICAS = 10_000
_OF_TEMPLATES = ("restart", "rollback")
"""Verbs that give pods another template; what stands still on an earlier one is theirs to end."""
_CAUSE = "kubernetes.io/change-cause"
"""What people have noted as the reason of a revision, and `kubectl rollout history` shows."""
_FINAL = ("BackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError")
"""What a pod does not get over by waiting: `CrashLoopBackOff` and `ImagePullBackOff` among them."""


Undoes = Callable[[Course, Ref, Changed], Awaitable[Undo | None]]
"""What would undo a change that was made and rolled out; None where nothing would, or nothing has to."""


async def nothing(_course: Course, _ref: Ref, _changed: Changed) -> None:
    """New pods of the same template: the old ones cannot be had back, and there is nothing else to go back to."""


class Rolling:
    """An act that changes a workload by an edit, and waits for its rollout."""

    def __init__(self, edit: Callable[[Course, Ref, Object], Edit], undoes: Undoes = nothing) -> None:
        self._edit = edit
        self._undoes = undoes

    async def perform(self, course: Course, ref: Ref) -> Effect:
        changed = await course.change(ref, partial(self._edit, course, ref), partial(look, course, ref))
        return await _rolled_out(course, ref, changed, self._undoes)

    async def observe(self, course: Course, ref: Ref) -> Found:
        return await _how_far(course, ref, self._undoes)


def restart(course: Course, ref: Ref, found: Object) -> Edit:
    """As `kubectl rollout restart`, with the command's id in place of the time."""
    _must_roll(ref, found)
    meta = found["spec"]["template"].get("metadata") or {}
    annotations = {**(meta.get("annotations") or {}), COMMAND: course.command.id}
    return Edit({"/spec/template/metadata": {**meta, "annotations": annotations}}, note=_noted(found))


def scale(course: Course, _ref: Ref, found: Object) -> Edit:
    """Exactly so many replicas."""
    replicas = course.command.args.get("replicas")
    if isinstance(replicas, bool) or not isinstance(replicas, int) or not 0 <= replicas <= MAX_REPLICAS:
        raise EffectFailed(f"replicas: expected 0 to {MAX_REPLICAS}, got {replicas!r}")
    return Edit({"/spec/replicas": replicas}, note={**_noted(found), "replicas": replicas})


def _noted(found: Object) -> Mapping[str, Any]:
    """What was so before the change, and is not to be taken for its consequence."""
    late = late_since(found)
    return {"late": late} if late else {}


async def unscaled(_course: Course, ref: Ref, changed: Changed) -> Undo | None:
    """As many as before, as long as nobody has changed anything since: the next generation is ours."""
    before, replicas = changed.mark.before, changed.mark.note.get("replicas")
    if replicas in (None, before["replicas"]):
        return None
    as_left = {"uid": before["uid"], "generation": before["generation"] + 1, "replicas": replicas}
    return Undo(verb="scale", target=ref.id, condition=as_left, args={"replicas": before["replicas"]})


class Rollback:
    """The template of an earlier revision again."""

    async def perform(self, course: Course, ref: Ref) -> Effect:
        if await changed_before(course, ref) is None:
            await _observed(course, ref)
        kept: list[Revision] = []
        edit = partial(_earlier, course, ref, kept)
        changed = await course.change(ref, edit, partial(_with_revision, course, ref, kept))
        return await _rolled_out(course, ref, changed, _forth_again)

    async def observe(self, course: Course, ref: Ref) -> Found:
        return await _how_far(course, ref, _forth_again)


async def _forth_again(course: Course, ref: Ref, changed: Changed) -> Undo | None:
    """The revision that was left, as long as the newest is the one that going back has made of an old template."""
    before, note = changed.mark.before, changed.mark.note
    kept = await _revisions(course, ref, changed.found)
    made = next((each for each in kept if each.name == note.get("source")), None)
    if made is None or made.number != note.get("revision"):
        return None  # Another change came before the controller had made it one.
    as_left = {"uid": before["uid"], "revision": str(made.number)}
    return Undo(verb="rollback", target=ref.id, condition=as_left, args={"to": before["revision"]})


def _earlier(course: Course, ref: Ref, kept: Sequence[Revision], found: Object) -> Edit:
    """The template, and why it was made, which a deployment's revision keeps."""
    wanted = str(course.command.args.get("to", ""))
    if current(found, kept) == wanted:
        raise EffectFailed(f"revision {wanted} is the present one")
    for revision in kept:
        if str(revision.number) == wanted:
            cause = annotations_of(revision.source).get(_CAUSE) if ref.kind == "deployment" else None
            annotations = {_CAUSE: cause} if ref.kind == "deployment" else {}
            note = {"to": wanted, "source": revision.name, "revision": kept[-1].number + 1}
            return Edit({"/spec/template": template_of(revision)}, annotations, {**_noted(found), **note})
    numbers = ", ".join(str(revision.number) for revision in kept)
    raise EffectFailed(f"revision {wanted!r} is not kept; kept are {numbers or 'none'}")


async def _with_revision(course: Course, ref: Ref, kept: list[Revision], found: Object) -> Mapping[str, Any]:
    """The attributes with the revision, None while the controller has not seen the newest change; `kept` is filled."""
    kept[:] = await _revisions(course, ref, found)
    return {**await look(course, ref, found), "revision": current(found, kept) if is_seen(found) else None}


async def _revisions(course: Course, ref: Ref, found: Object) -> Sequence[Revision]:
    source = REPLICA_SETS if ref.kind == "deployment" else REVISIONS
    labels = selector_text(found["spec"].get("selector") or {})
    return revisions(found, await course.items(source.path(ref.namespace), labelSelector=labels))


async def _observed(course: Course, ref: Ref) -> None:
    """Wait until the controller has seen the newest change, so that there is a present revision."""
    while True:
        found = await course.there(ref)
        _must_roll(ref, found)
        if is_seen(found):
            return
        await course.look_again("its controller has not seen the last change yet")


def _must_roll(ref: Ref, found: Object) -> None:
    """Raises `EffectFailed` where a change of the template would reach no pod."""
    if found["spec"].get("paused"):
        raise EffectFailed(f"{ref.id} is paused")
    if (found["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        raise EffectFailed(f"{ref.id} replaces its pods only when they are deleted (OnDelete)")


# --- the rollout ---


async def _how_far(course: Course, ref: Ref, undoes: Undoes) -> Found:
    changed = await changed_before(course, ref)
    if changed is None:
        return "absent"
    now = _now(course, ref, changed)
    if now.state != "done" or _undone(course, ref, changed.found):
        return "begun"
    return effect(course, ref, changed, now.detail, await undoes(course, ref, changed))


async def _rolled_out(course: Course, ref: Ref, changed: Changed, undoes: Undoes) -> Effect:
    """Wait for the rollout. Raises `EffectFailed` when it has failed, naming what holds up its pods."""
    clock = asyncio.get_running_loop().time
    progress, since = "", clock()
    in_the_way: list[str] = []
    while True:
        if undone := _undone(course, ref, changed.found):
            raise EffectFailed(undone)
        now = _now(course, ref, changed)
        if now.state == "done":
            ended = f", after {', '.join(in_the_way)} had to be ended" if in_the_way else ""
            return effect(course, ref, changed, now.detail + ended, await undoes(course, ref, changed))
        if ref.kind == "statefulset" and course.command.verb in _OF_TEMPLATES:
            in_the_way += await make_way(course, ref, changed.found)
        if (seen := f"{now.detail} {in_the_way}") != progress:
            progress, since = seen, clock()
        stuck = clock() - since >= course.pace.stuck_s
        named = await _named(course, ref, changed.found, now) if stuck or now.state == "failed" else now.detail
        await course.look_again(named)
        changed = Changed(await course.there(ref), changed.mark)


def _now(course: Course, ref: Ref, changed: Changed) -> Rollout:
    before = str(changed.mark.note.get("late", ""))
    return rollout(ref.kind, changed.found, before=before, scaled=course.command.verb == "scale")


def _undone(course: Course, ref: Ref, found: Object) -> str:
    """How others have taken the change back, or keep it from being made; they are not waited for."""
    wanted, replicas = course.command.args.get("replicas"), found["spec"].get("replicas")
    if course.command.verb == "scale":
        return f"{ref.id} was set to {replicas} replicas by others meanwhile" if replicas != wanted else ""
    return f"{ref.id} was paused meanwhile" if found["spec"].get("paused") else ""


async def _named(course: Course, ref: Ref, found: Object, now: Rollout) -> str:
    """What holds the rollout up. Raises `EffectFailed` where waiting does not help."""
    labels = selector_text(found["spec"].get("selector") or {})
    pods = await course.items(PODS.path(ref.namespace), labelSelector=labels)
    held_up = troubles(await _newest(course, ref, found, pods)) if is_seen(found) else []
    missing = await unmade(course, ref, found)
    told = "; ".join((now.detail, *missing, *(held_up or troubles(pods) or unready(pods))[:5]))
    final = any(word in trouble for trouble in held_up for word in _FINAL)
    # Pods that are about to be ready, or to make room, may be all that it takes.
    in_vain = any(map(is_refused, missing)) and all(is_ready(pod) and not is_ending(pod) for pod in pods)
    if now.state == "failed" or late_since(found) or final or in_vain:
        raise EffectFailed(told)
    return told


async def _newest(course: Course, ref: Ref, found: Object, pods: Sequence[Object]) -> Sequence[Object]:
    """The pods by the newest template; what ails the others may be why there is a newer one."""
    kept = await _revisions(course, ref, found) if ref.kind != "replicaset" else ()
    return [pod for pod in pods if not kept or is_of(pod, kept[-1])]
