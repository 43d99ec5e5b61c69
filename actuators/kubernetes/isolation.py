"""`isolate` and `release`: what is isolated talks to nobody and gets nothing to do, and stays as evidence.

A NetworkPolicy without rules selects it: a pod by a label with the command's id, a workload's pods by its own selector.
The policy is owned by what it isolates, so that it goes with it. A pod loses its other labels too, so that no Service
sends it anything and its controller puts another in its place; but not one of a StatefulSet, whose place is its name.
Policies need a network plugin that enforces them.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from actuators.kubernetes.acts import Found, changed_before, effect, look
from actuators.kubernetes.api import absent_already, exists_already
from actuators.kubernetes.course import Changed, Course, Edit
from actuators.kubernetes.marks import LABELS_BEFORE, QUARANTINE
from actuators.kubernetes.resources import ISOLATED, POLICIES, Ref, annotations_of, controller_of, labels_of
from actuators.kubernetes.targets import isolation
from schemas.kubernetes import Object
from schemas.outcomes import Undo
from schemas.plugins import Effect, EffectFailed

_NAME = "reflexarc-"
"""Before the command's id: the name of a policy."""


class Isolate:
    """The mark first, then the policy: an isolation that was begun is found by its mark."""

    async def perform(self, course: Course, ref: Ref) -> Effect:
        changed = await course.change(ref, partial(_isolate, course, ref), partial(look, course, ref))
        if annotations_of(changed.found).get(QUARANTINE) != course.command.id:
            raise EffectFailed(f"{ref.id} was released meanwhile")
        await _put_policy(course, ref, changed.found)
        return _isolated(course, ref, changed)

    async def observe(self, course: Course, ref: Ref) -> Found:
        changed = await changed_before(course, ref)
        if changed is None:
            return "absent"
        there = await course.read(_policy_path(ref, course.command.id))
        return _isolated(course, ref, changed) if there else "begun"


class Release:
    async def perform(self, course: Course, ref: Ref) -> Effect:
        changed = await course.change(ref, _release, partial(_look_at_isolation, course, ref))
        await _remove_policy(course, ref, _quarantine(changed))
        return _released(changed)

    async def observe(self, course: Course, ref: Ref) -> Found:
        changed = await changed_before(course, ref)
        if changed is None:
            return "absent"
        left = await course.read(_policy_path(ref, _quarantine(changed)))
        return "begun" if left else _released(changed)


def _isolated(course: Course, ref: Ref, changed: Changed) -> Effect:
    as_it_is = {"uid": changed.found["metadata"]["uid"], "quarantine": changed.mark.id}
    undo = Undo(verb="release", target=ISOLATED + ref.id, condition=as_it_is)
    return effect(course, ref, changed, f"isolated by the policy {_NAME}{changed.mark.id}", undo)


def _isolate(course: Course, ref: Ref, found: Object) -> Edit:
    by = course.command.id
    if other := annotations_of(found).get(QUARANTINE):
        raise EffectFailed(f"{ref.id} is isolated already, by the command {other}")
    if ref.kind != "pod":
        return Edit(annotations={QUARANTINE: by})
    before = labels_of(found)
    control = controller_of(found)
    kept = before if control is not None and control["kind"] == "StatefulSet" else {}
    annotations = {QUARANTINE: by, LABELS_BEFORE: json.dumps(before, sort_keys=True)}
    return Edit({"/metadata/labels": {**kept, QUARANTINE: by}}, annotations)


def _release(found: Object) -> Edit:
    annotations = annotations_of(found)
    without: dict[str, str | None] = {QUARANTINE: None, LABELS_BEFORE: None}
    note = {"quarantine": annotations.get(QUARANTINE)}
    if LABELS_BEFORE not in annotations:
        return Edit(annotations=without, note=note)
    try:
        labels = msgspec.json.decode(annotations[LABELS_BEFORE], type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise EffectFailed(f"the annotation {LABELS_BEFORE} has no labels any more: {error}") from error
    return Edit({"/metadata/labels": labels}, without, note)


async def _look_at_isolation(course: Course, ref: Ref, found: Object) -> Mapping[str, Any]:
    """The attributes of the target that is the isolation; nothing where it is isolated no more."""
    about = await look(course, ref, found)
    return isolation(about) if about["isolated"] else {}


def _released(changed: Changed) -> Effect:
    return Effect(before=changed.mark.before, after={}, detail="released")


def _quarantine(changed: Changed) -> str:
    return str(changed.mark.note.get("quarantine") or "")


# --- the policy ---


def _policy_path(ref: Ref, by: str) -> str:
    return POLICIES.path(ref.namespace, _NAME + by)


async def _put_policy(course: Course, ref: Ref, found: Object) -> None:
    """Have the policy; what there is under its name is it, since the name is the command's id."""
    meta = found["metadata"]
    selector = {"matchLabels": {QUARANTINE: course.command.id}} if ref.kind == "pod" else found["spec"]["selector"]
    owner = {"apiVersion": found["apiVersion"], "kind": found["kind"], "name": meta["name"], "uid": meta["uid"]}
    policy: Object = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": _NAME + course.command.id,
            "namespace": ref.namespace,
            "labels": {"app.kubernetes.io/managed-by": "reflexarc"},
            "ownerReferences": [owner],
        },
        "spec": {"podSelector": selector, "policyTypes": ["Ingress", "Egress"]},
    }
    while True:
        await course.gate()
        made = exists_already(course.api.post(POLICIES.path(ref.namespace), policy), policy)
        if await course.write(made, "the policy") is not None:
            return


async def _remove_policy(course: Course, ref: Ref, by: str) -> None:
    """Have no policy of the command."""
    if not by:
        return
    path = _policy_path(ref, by)
    while await course.write(absent_already(course.api.delete(path, {})), "the end of the policy") is None:
        continue
