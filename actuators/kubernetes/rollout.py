"""How far a workload is on its way to what its specification says, as `kubectl rollout status` tells it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from schemas.kubernetes import Object

State = Literal["done", "waiting", "failed"]


@dataclass(frozen=True, slots=True)
class Rollout:
    """`detail` says for people what is waited for; as long as it is the same there is no progress."""

    state: State
    detail: str


def rollout(kind: str, found: Object) -> Rollout:
    """Of a deployment, statefulset, daemonset or replicaset."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    if status.get("observedGeneration", 0) < found["metadata"].get("generation", 0):
        return Rollout("waiting", "its controller has not seen the change yet")
    if kind == "daemonset":
        return _counted(
            status.get("desiredNumberScheduled", 0),
            status.get("updatedNumberScheduled", 0),
            status.get("currentNumberScheduled", 0),
            status.get("numberAvailable", 0),
        )
    wanted = spec.get("replicas", 1)
    replicas, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    if kind == "replicaset":
        return _counted(wanted, replicas, replicas, available)
    if kind == "deployment" and (late := _late(status)):
        return Rollout("failed", late)
    if kind == "statefulset":
        partition = ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0
        updated = replicas if partition or _rolled(status) else min(status.get("updatedReplicas", 0), wanted - 1)
        return _counted(wanted, updated, replicas, available)
    return _counted(wanted, status.get("updatedReplicas", 0), replicas, available)


def _rolled(status: Object) -> bool:
    return bool(status.get("updateRevision") == status.get("currentRevision"))


def _counted(wanted: int, updated: int, replicas: int, available: int) -> Rollout:
    if updated < wanted:
        return Rollout("waiting", f"{updated} of {wanted} updated, {available} available")
    if replicas > wanted:
        return Rollout("waiting", f"{replicas - wanted} more than {wanted} are still to end")
    if available < wanted:
        return Rollout("waiting", f"{available} of {wanted} available")
    return Rollout("done", f"{wanted} available")


def _late(status: Object) -> str:
    for each in status.get("conditions") or ():
        if each.get("type") == "Progressing" and each.get("reason") == "ProgressDeadlineExceeded":
            return f"progress deadline exceeded: {each.get('message', '')}".rstrip(": ")
    return ""


# --- what holds pods up ---


def troubles(pods: Iterable[Object]) -> list[str]:
    """Why pods are not ready, each reason once: `web-1: ImagePullBackOff (web:2)`, in the order of their names."""
    ordered = sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))
    return list(dict.fromkeys(trouble for pod in ordered for trouble in _troubles(pod)))


def _troubles(pod: Object) -> Iterator[str]:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    for each in status.get("conditions") or ():
        if each.get("type") == "PodScheduled" and each.get("status") == "False":
            yield f"{name}: {each.get('reason', 'not scheduled')} ({each.get('message', '')})"
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            yield f"{name}: {waiting['reason']} ({container.get('image', '')})"


def is_ready(pod: Object) -> bool:
    """Whether it takes part: its condition Ready."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def is_ending(found: Object) -> bool:
    return bool(found["metadata"].get("deletionTimestamp"))
