"""Containers of pods under kube-state-metrics' names. Pure."""

from collections.abc import Iterator

from collectors.kubernetes import parts
from collectors.series import Metric, Pairs
from schemas.kubernetes import Object

_STATES = ("waiting", "running", "terminated")
_LAST = "status_last_terminated"


def containers(pod: Pairs, found: Object) -> Iterator[Metric]:
    """`pod` are the labels of the pod."""
    status, spec = found.get("status") or {}, found.get("spec") or {}
    node = tuple(parts.said({"node": spec.get("nodeName")}))
    for prefix, field in (("kube_pod_container", "containers"), ("kube_pod_init_container", "initContainers")):
        wanted = {str(each.get("name")): each for each in spec.get(field) or ()}
        for each in status.get(f"{field.removesuffix('s')}Statuses") or ():
            pairs = (*pod, ("container", str(each.get("name"))))
            yield _info(prefix, pairs, each, wanted.get(str(each.get("name"))) or {})
            yield from _status(prefix, pairs, each)
        for name, each in wanted.items():
            pairs, resources = (*pod, ("container", name), *node), each.get("resources") or {}
            yield from parts.quantities(f"{prefix}_resource_requests", pairs, resources.get("requests"))
            yield from parts.quantities(f"{prefix}_resource_limits", pairs, resources.get("limits"))
    for each in status.get("containerStatuses") or ():
        yield from _times((*pod, ("container", str(each.get("name")))), each)


def _info(prefix: str, pairs: Pairs, found: Object, wanted: Object) -> Metric:
    """What runs, and what was wanted to."""
    about = {
        "image_spec": wanted.get("image"),
        "image": found.get("image"),
        "image_id": found.get("imageID"),
        "container_id": found.get("containerID"),
        "restart_policy": wanted.get("restartPolicy") if prefix == "kube_pod_init_container" else None,
    }
    return f"{prefix}_info", (*pairs, *parts.said(about)), 1.0


def _status(prefix: str, pairs: Pairs, found: Object) -> Iterator[Metric]:
    yield f"{prefix}_status_ready", pairs, float(bool(found.get("ready")))
    yield f"{prefix}_status_restarts_total", pairs, float(found.get("restartCount") or 0)
    state = found.get("state") or {}
    for name in _STATES:
        yield f"{prefix}_status_{name}", pairs, float(state.get(name) is not None)
        if name != "running" and state.get(name) is not None:
            yield f"{prefix}_status_{name}_reason", (*pairs, *_reason(state[name])), 1.0
    if (last := _last(found)) is not None:
        yield f"{prefix}_{_LAST}_reason", (*pairs, *_reason(last)), 1.0


def _times(pairs: Pairs, found: Object) -> Iterator[Metric]:
    """When it has begun, and how and when it ended before."""
    state = found.get("state") or {}
    began = state.get("running") or state.get("terminated") or {}
    yield from parts.moment("kube_pod_container_state_started", pairs, began.get("startedAt"))
    if (last := _last(found)) is not None:
        yield f"kube_pod_container_{_LAST}_exitcode", pairs, float(last.get("exitCode") or 0)
        yield from parts.moment(f"kube_pod_container_{_LAST}_timestamp", pairs, last.get("finishedAt"))


def _reason(state: Object) -> Iterator[tuple[str, str]]:
    return parts.said({"reason": state.get("reason")})


def _last(found: Object) -> Object | None:
    """How it ended before, if it did."""
    ended: Object | None = (found.get("lastState") or {}).get("terminated")
    return ended
