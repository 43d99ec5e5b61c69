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


def rollout(kind: str, found: Object, *, before: str = "", scaled: bool = False) -> Rollout:
    """Of a deployment, statefulset, daemonset or replicaset. A deadline that was exceeded `before` the change is not
    the change's: its condition stays until there is progress. What is `scaled` need not have its newest template
    everywhere.
    """
    spec, status = found.get("spec") or {}, found.get("status") or {}
    if not is_seen(found):
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
    if kind == "deployment" and late_since(found) not in ("", before):
        return Rollout("failed", _late(status))
    return _counted(wanted, _updated(kind, found, wanted, scaled=scaled), replicas, available)


def _updated(kind: str, found: Object, wanted: int, *, scaled: bool) -> int:
    """How many have the template that they are to have; below a statefulset's partition that is any."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    replicas, updated = int(status.get("replicas", 0)), int(status.get("updatedReplicas", 0))
    strategy = spec.get("updateStrategy") or {}
    if kind == "replicaset" or (scaled and (spec.get("paused") or strategy.get("type") == "OnDelete")):
        return replicas
    # Who goes back in the middle of a rollout wants the revision that is the current one still.
    if kind == "deployment" or status.get("updateRevision") == status.get("currentRevision"):
        return updated
    if partition := (strategy.get("rollingUpdate") or {}).get("partition"):
        return updated + min(int(partition), wanted)
    return min(updated, wanted - 1)


def is_seen(found: Object) -> bool:
    """Whether its controller has seen the newest change."""
    seen = (found.get("status") or {}).get("observedGeneration", 0)
    return bool(seen >= found["metadata"].get("generation", 0))


def _counted(wanted: int, updated: int, replicas: int, available: int) -> Rollout:
    if updated < wanted:
        return Rollout("waiting", f"{updated} of {wanted} updated, {available} available")
    if replicas > wanted:
        return Rollout("waiting", f"{replicas - wanted} more than {wanted} are still to end")
    if available < wanted:
        return Rollout("waiting", f"{available} of {wanted} available")
    return Rollout("done", f"{wanted} available")


def late_since(found: Object) -> str:
    """Since when a deployment has exceeded its progress deadline; empty where it has not."""
    return str(_deadline(found.get("status") or {}).get("lastUpdateTime", ""))


def _late(status: Object) -> str:
    return f"progress deadline exceeded: {_deadline(status).get('message', '')}".rstrip(": ")


def _deadline(status: Object) -> Object:
    """The condition of a deadline that is exceeded, if it is."""
    for each in status.get("conditions") or ():
        if each.get("type") == "Progressing" and each.get("reason") == "ProgressDeadlineExceeded":
            return dict(each)
    return {}


# --- what holds pods up ---


def troubles(pods: Iterable[Object]) -> list[str]:
    """Why pods are not ready, each reason once: `web-1: ImagePullBackOff (web:2)`, in the order of their names."""
    ordered = sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))
    return list(dict.fromkeys(trouble for pod in ordered for trouble in _troubles(pod)))


def _troubles(pod: Object) -> Iterator[str]:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    if is_ending(pod):
        yield f"{name}: still ending on {(pod.get('spec') or {}).get('nodeName', 'no node')}"
        return
    for each in status.get("conditions") or ():
        if each.get("type") == "PodScheduled" and each.get("status") == "False":
            yield f"{name}: {each.get('reason', 'not scheduled')} ({each.get('message', '')})"
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            yield f"{name}: {waiting['reason']} ({container.get('image', '')})"


def unready(pods: Iterable[Object]) -> list[str]:
    """Those that run and are not ready, in the order of their names: `web-1: ContainersNotReady (…)`."""
    ordered = sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))
    return [
        f"{pod['metadata']['name']}: {each.get('reason') or 'not ready'} ({each.get('message') or ''})"
        for pod in ordered
        for each in (pod.get("status") or {}).get("conditions") or ()
        if pod["status"].get("phase") == "Running" and each.get("type") == "Ready" and each.get("status") == "False"
    ]


def failures(found: Object) -> list[str]:
    """Why a workload's controller can make no pods, such as for a quota or what the namespace admits."""
    conditions = (found.get("status") or {}).get("conditions") or ()
    return [
        f"{each.get('reason', 'FailedCreate')} ({each.get('message', '')})"
        for each in conditions
        if each.get("type") == "ReplicaFailure" and each.get("status") == "True"
    ]


def is_ready(pod: Object) -> bool:
    """Whether it takes part: its condition Ready."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def is_ending(found: Object) -> bool:
    return bool(found["metadata"].get("deletionTimestamp"))
