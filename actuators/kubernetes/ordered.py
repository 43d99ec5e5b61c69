"""A StatefulSet that starts its pods in their order stands still at one that does not become ready, even where its
template is another by now: a bad image stays where it is although nobody wants it any more, until that pod is deleted.
Kubernetes leaves this to people ("forced rollback"), and so to whoever changes a template to mend what is stuck.
"""

from collections.abc import Iterable

from actuators.kubernetes.course import Course
from actuators.kubernetes.resources import PODS, Ref, controller_of, labels_of, selector_text
from actuators.kubernetes.rollout import is_ending, is_ready
from schemas.kubernetes import Object

_REVISION = "controller-revision-hash"


def in_the_way(owner: Object, pods: Iterable[Object]) -> Object | None:
    """The pod at which the set stands still and which it would replace if it could, None where it goes on by itself:
    all that are not ready are of an earlier template, and this is the first of them."""
    spec, status = owner["spec"], owner.get("status") or {}
    seen = status.get("observedGeneration", 0) >= owner["metadata"].get("generation", 0)
    if not seen or spec.get("podManagementPolicy") == "Parallel":
        return None
    mine = [pod for pod in pods if (controller_of(pod) or {}).get("uid") == owner["metadata"]["uid"]]
    unready = sorted((pod for pod in mine if is_ending(pod) or not is_ready(pod)), key=_ordinal)
    first, kept = _first_replaced(spec), status.get("updateRevision")
    replaced = all(
        labels_of(pod).get(_REVISION) != kept and _ordinal(pod) >= first and not is_ending(pod) for pod in unready
    )
    return unready[0] if unready and replaced else None


async def make_way(course: Course, ref: Ref, owner: Object) -> list[str]:
    """Delete that pod, if there is one, and exactly it; the name of what was deleted."""
    status = owner.get("status") or {}
    if status.get("readyReplicas", 0) >= status.get("replicas", 0):
        return []
    labels = selector_text(owner["spec"].get("selector") or {})
    pod = in_the_way(owner, await course.items(PODS.path(ref.namespace), labelSelector=labels))
    if pod is None:
        return []
    meta = pod["metadata"]
    await course.gate()
    # Of this version: it may have become ready since.
    options = {"preconditions": {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}}
    sent = course.api.delete(PODS.path(ref.namespace, meta["name"]), options)
    # On a way of its own: whether it is gone the next look tells, and there is no doubt about the command itself.
    answer = await course.beside().write(sent, f"deletion of pod:{ref.namespace}/{meta['name']}")
    return [] if answer is None else [str(meta["name"])]


def _ordinal(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _first_replaced(spec: Object) -> int:
    """The ordinal from which on pods get the new template."""
    partition = ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0
    start: int = (spec.get("ordinals") or {}).get("start", 0)
    return start + int(partition)
