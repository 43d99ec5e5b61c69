"""Containers of pods under kube-state-metrics' names. Pure."""

from collections.abc import Iterator

from collectors.kubernetes import parts
from collectors.series import Metric, Pairs
from schemas.kubernetes import Object

_STATES = ("waiting", "running", "terminated")


def containers(pod: Pairs, found: Object) -> Iterator[Metric]:
    """`pod` are the labels of the pod."""
    status, spec = found.get("status") or {}, found.get("spec") or {}
    for each in status.get("containerStatuses") or ():
        yield from _status("kube_pod_container", pod, each)
    for each in status.get("initContainerStatuses") or ():
        yield from _status("kube_pod_init_container", pod, each)
    node = (("node", str(spec["nodeName"])),) if spec.get("nodeName") else ()
    for each in spec.get("containers") or ():
        pairs = (*pod, ("container", str(each["name"])), *node)
        resources = each.get("resources") or {}
        yield from parts.quantities("kube_pod_container_resource_requests", pairs, resources.get("requests"))
        yield from parts.quantities("kube_pod_container_resource_limits", pairs, resources.get("limits"))


def _status(prefix: str, pod: Pairs, found: Object) -> Iterator[Metric]:
    pairs = (*pod, ("container", str(found["name"])))
    about = {"image": "image", "image_id": "imageID", "container_id": "containerID"}
    info = tuple((label, str(found[field])) for label, field in about.items() if found.get(field))
    yield f"{prefix}_info", (*pairs, *info), 1.0
    yield f"{prefix}_status_ready", pairs, float(bool(found.get("ready")))
    yield f"{prefix}_status_restarts_total", pairs, float(found.get("restartCount", 0))
    state, last = found.get("state") or {}, (found.get("lastState") or {}).get("terminated") or {}
    for name in _STATES:
        yield f"{prefix}_status_{name}", pairs, float(name in state)
        if reason := (state.get(name) or {}).get("reason"):
            yield f"{prefix}_status_{name}_reason", (*pairs, ("reason", str(reason))), 1.0
    yield from parts.moment(f"{prefix}_state_started", pairs, (state.get("running") or {}).get("startedAt"))
    if last.get("reason"):
        yield f"{prefix}_status_last_terminated_reason", (*pairs, ("reason", str(last["reason"]))), 1.0
    yield from parts.count(f"{prefix}_status_last_terminated_exitcode", pairs, last.get("exitCode"))
