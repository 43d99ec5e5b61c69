"""The revisions of a workload: what it was before, and what going back means.

A deployment's are its ReplicaSets, those of a statefulset or daemonset its ControllerRevisions. Going back makes an old
template the newest revision, and the API forgets that it was a step back. Marks do not: a revision that was left by
going back is never again what is gone back to by default. Pure.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actuators.kubernetes.marks import marks
from actuators.kubernetes.resources import annotations_of, controller_of
from schemas.kubernetes import Object

REVISION = "deployment.kubernetes.io/revision"
_HASHES = ("pod-template-hash", "controller-revision-hash")


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
    """Of a ReplicaSet or ControllerRevision."""
    if "revision" in source:
        return int(source["revision"])
    text = annotations_of(source).get(REVISION, "")
    return int(text) if text.isdigit() else None


def current(owner: Object, kept: Sequence[Revision]) -> str | None:
    """The present revision; a deployment says its own."""
    told = annotations_of(owner).get(REVISION)
    return told or (str(kept[-1].number) if kept else None)


def previous(owner: Object, kept: Sequence[Revision]) -> str | None:
    """The newest revision before the present one that nobody went back from."""
    present = current(owner, kept)
    left = _left(owner)
    earlier = [str(each.number) for each in kept if present and each.number < int(present)]
    return next((number for number in reversed(earlier) if number not in left), None)


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
    source = revision.source
    spec = source["data"]["spec"] if "data" in source else source["spec"]
    template: Object = copy.deepcopy(spec["template"])
    template.pop("$patch", None)
    labels = template.get("metadata", {}).get("labels") or {}
    for name in _HASHES:
        labels.pop(name, None)
    return template
