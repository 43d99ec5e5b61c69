"""Pods under kube-state-metrics' names. Pure."""

from collections.abc import Iterator, Sequence

from collectors.kubernetes import parts
from collectors.kubernetes.containers import containers
from collectors.series import Metric, Pairs
from schemas.kubernetes import Object

_PHASES = ("Pending", "Succeeded", "Failed", "Unknown", "Running")
_REASONS = ("Evicted", "NodeAffinity", "NodeLost", "Shutdown", "UnexpectedAdmissionError")


def pod(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    meta, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    pairs = (*parts.reference(found, "pod"), ("uid", str(meta["uid"])))
    yield from _info(pairs, found, spec, status)
    yield from parts.labels("kube_pod_labels", pairs, found, allowed)
    yield from parts.owners("kube_pod_owner", pairs, found)
    yield from parts.moment("kube_pod_created", pairs, meta.get("creationTimestamp"))
    yield from parts.moment("kube_pod_start_time", pairs, status.get("startTime"))
    yield from parts.moment("kube_pod_deletion_timestamp", pairs, meta.get("deletionTimestamp"))
    yield "kube_pod_restart_policy", (*pairs, ("type", str(spec.get("restartPolicy", "Always")))), 1.0
    if status.get("phase"):
        yield from parts.one_of("kube_pod_status_phase", pairs, "phase", _PHASES, str(status["phase"]))
    reasons = set(_reasons(found, status))
    for reason in _REASONS:
        yield "kube_pod_status_reason", (*pairs, ("reason", reason)), float(reason in reasons)
    yield from _conditions(pairs, found)
    yield from containers(pairs, found)


def _reasons(found: Object, status: Object) -> Iterator[str]:
    """Of the pod as a whole, of its conditions, and for which containers of it have ended."""
    ended = ((each.get("state") or {}).get("terminated") or {} for each in status.get("containerStatuses") or ())
    return (str(each.get("reason", "")) for each in (status, *parts.conditions_of(found), *ended))


def _info(pairs: Pairs, found: Object, spec: Object, status: Object) -> Iterator[Metric]:
    references: list[Object] = found["metadata"].get("ownerReferences") or []
    owner = next((each for each in references if each.get("controller")), {})
    about = {
        "host_ip": status.get("hostIP"),
        "pod_ip": status.get("podIP"),
        "node": spec.get("nodeName"),
        "created_by_kind": owner.get("kind"),
        "created_by_name": owner.get("name"),
        "priority_class": spec.get("priorityClassName"),
        "host_network": "true" if spec.get("hostNetwork") else "false",
    }
    yield "kube_pod_info", (*pairs, *parts.said(about)), 1.0


def _conditions(pairs: Pairs, found: Object) -> Iterator[Metric]:
    told = {each.get("type"): each for each in parts.conditions_of(found)}
    for kind, name in (("Ready", "kube_pod_status_ready"), ("PodScheduled", "kube_pod_status_scheduled")):
        if kind in told:
            yield from parts.condition(name, pairs, str(told[kind].get("status", "")))
            if told[kind].get("status") == "True":
                yield from parts.moment(f"{name}_time", pairs, told[kind].get("lastTransitionTime"))
    if told.get("PodScheduled", {}).get("status") == "False":
        yield "kube_pod_status_unschedulable", pairs, 1.0
