"""Why a workload's controller can make no pods, as for a quota or what the namespace does not admit: there is no pod to
say so. Deployments and ReplicaSets have it in a condition, StatefulSets and DaemonSets in Events alone.
"""

from collections.abc import Iterable

from actuators.kubernetes.course import OF_RIGHTS, Course
from actuators.kubernetes.resources import EVENTS, Ref
from actuators.kubernetes.rollout import failures, is_seen
from schemas.cluster.api import AGENT
from schemas.kubernetes import Object, last_seen
from schemas.plugins import EffectFailed

_SECONDS = len("2026-01-01T00:00:00")
_TOLD = 1000
_BY_ADMISSION = ("is forbidden: ", "is invalid: ", "denied the request")
"""How a server says that it will not have such a pod; whatever else went wrong, its controller tries again."""


async def unmade(course: Course, ref: Ref, found: Object) -> list[str]:
    """What keeps it from making the pods that are missing since we have changed it; nothing where none are."""
    if ref.kind in ("deployment", "replicaset"):
        return failures(found) if is_seen(found) else []
    if not _lacks_pods(ref, found):
        return []
    about = f"involvedObject.uid={found['metadata']['uid']},reason=FailedCreate"
    try:
        events = await course.items(EVENTS.path(ref.namespace), fieldSelector=about)
    except EffectFailed:  # It may not be read; the rollout goes on without.
        return []
    return _newest(events, _changed_at(found))


def is_refused(why: str) -> bool:
    """Whether it is for what is asked for. A server that was just started refuses a controller all, as it does us."""
    return any(each in why for each in _BY_ADMISSION) and OF_RIGHTS not in why


def _lacks_pods(ref: Ref, found: Object) -> bool:
    spec, status = found.get("spec") or {}, found.get("status") or {}
    if ref.kind == "daemonset":
        return bool(status.get("currentNumberScheduled", 0) < status.get("desiredNumberScheduled", 0))
    return bool(status.get("replicas", 0) < spec.get("replicas", 1))


def _changed_at(found: Object) -> str:
    """When we have changed it, by the server's clock."""
    fields = found["metadata"].get("managedFields") or ()
    return max((str(each.get("time", "")) for each in fields if each.get("manager") == AGENT), default="")


def _newest(events: Iterable[Object], since: str) -> list[str]:
    last = max(events, key=_time, default=None)
    if last is None or _time(last) < since[:_SECONDS]:
        return []
    return [f"{last.get('reason', '')} ({str(last.get('message', ''))[:_TOLD]})"]


def _time(event: Object) -> str:
    return (last_seen(event) or "")[:_SECONDS]
