"""The revisions of a workload: what it was before, and what going back means.

A deployment's are its ReplicaSets, those of a statefulset or daemonset its ControllerRevisions. A restart makes one,
and going back makes an old one the newest, and the API forgets that. So what differs by a restart only is taken for the
same; and marks tell what was left by going back: nobody goes back to that, or to the same, by default. Pure.
"""

import copy
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actuators.kubernetes.marks import COMMAND, marks
from actuators.kubernetes.resources import annotations_of, controller_of, labels_of
from schemas.kubernetes import Object

REVISION = "deployment.kubernetes.io/revision"
_HASHES = ("pod-template-hash", "controller-revision-hash")
_RESTARTS = (COMMAND, "kubectl.kubernetes.io/restartedAt")
"""Annotations of a template that say nothing but that its pods were to start anew."""
STAMP = "template"
"""In an object that is kept without its pod template: the stamp of it."""


@dataclass(frozen=True, slots=True)
class Revision:
    """`source` is the ReplicaSet or ControllerRevision, as far as it is known."""

    number: int
    source: Object

    @property
    def name(self) -> str:
        """Of the source, which is the same whatever number it gets by going back to it."""
        return str(self.source["metadata"]["name"])


def revisions(owner: Object, kept: Iterable[Object]) -> tuple[Revision, ...]:
    """Of those kept the workload's own, the oldest first."""
    uid = owner["metadata"]["uid"]
    mine = [each for each in kept if (controller_of(each) or {}).get("uid") == uid]
    numbered = (Revision(number, each) for each in mine if (number := number_of(each)) is not None)
    return tuple(sorted(numbered, key=lambda revision: revision.number))


def number_of(source: Object) -> int | None:
    """Of a ReplicaSet or ControllerRevision, or the one that a deployment has. People may write anything there."""
    if "revision" in source:
        return int(source["revision"])
    text = annotations_of(source).get(REVISION, "")
    return int(text) if text.isdecimal() else None


def current(owner: Object, kept: Sequence[Revision]) -> str | None:
    """The present revision. A deployment says its own, some time after its newest ReplicaSet has it."""
    told = number_of(owner)
    known = [told] if told is not None else []
    known += [kept[-1].number] if kept else []
    return str(max(known)) if known else None


def previous(owner: Object, kept: Sequence[Revision]) -> str | None:
    """The newest revision before the present one with another template, that nobody went back from."""
    present = current(owner, kept)
    if present is None:
        return None
    left = _left(owner)
    not_wanted = {stamp(each.source) for each in kept if str(each.number) in {present, *left}}
    earlier = [each for each in kept if each.number < int(present) and str(each.number) not in left]
    return next((str(each.number) for each in reversed(earlier) if stamp(each.source) not in not_wanted), None)


def is_of(pod: Object, revision: Revision) -> bool:
    """Whether the pod is made by that template: it has its hash, or the revision's name where it is a statefulset's."""
    known = {revision.name, *(labels_of(revision.source).get(name) for name in _HASHES)} - {None}
    return any(labels_of(pod).get(name) in known for name in _HASHES)


def _left(owner: Object) -> set[str]:
    """The revisions that were gone back from. Going to one of them again undoes that, and leaves none."""
    left: set[str] = set()
    for mark in marks(owner):
        if mark.verb != "rollback":
            continue
        if mark.note.get("to") in left:
            left.remove(mark.note["to"])
        else:
            left.add(str(mark.before.get("revision")))
    return left


def template_of(revision: Revision) -> Object:
    """The pod template that a revision stands for."""
    template: Object = copy.deepcopy(_template_in(revision.source))
    template.pop("$patch", None)
    labels = template.get("metadata", {}).get("labels") or {}
    for name in _HASHES:
        labels.pop(name, None)
    return template


def stamp(source: Object) -> str:
    """What tells the templates of ReplicaSets and ControllerRevisions apart, but for restarts."""
    if STAMP in source:
        return str(source[STAMP])
    template = _template_in(source)
    meta = template.get("metadata") or {}
    labels = {name: value for name, value in (meta.get("labels") or {}).items() if name not in _HASHES}
    annotations = {name: value for name, value in (meta.get("annotations") or {}).items() if name not in _RESTARTS}
    content = json.dumps([labels, annotations, template.get("spec")], sort_keys=True)
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def _template_in(source: Object) -> Object:
    """Empty for a ControllerRevision of a controller that keeps other things there."""
    spec = (source.get("data") or source).get("spec") or {}
    template: Object = spec.get("template") or {}
    return template
