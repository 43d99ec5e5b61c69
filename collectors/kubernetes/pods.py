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
    yield from parts.one_of("kube_pod_status_phase", pairs, "phase", _PHASES, str(status.get("phase", "")))
    yield from parts.one_of("kube_pod_status_reason", pairs, "reason", _REASONS, str(status.get("reason", "")))
    yield from _conditions(pairs, status)
    yield from containers(pairs, found)


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
    yield "kube_pod_info", (*pairs, *((name, str(value)) for name, value in about.items() if value)), 1.0


def _conditions(pairs: Pairs, status: Object) -> Iterator[Metric]:
    found = {each.get("type"): each for each in status.get("conditions") or ()}
    for kind, name in (("Ready", "kube_pod_status_ready"), ("PodScheduled", "kube_pod_status_scheduled")):
        if kind in found:
            yield from parts.condition(name, pairs, str(found[kind].get("status", "")))
            if found[kind].get("status") == "True":
                yield from parts.moment(f"{name}_time", pairs, found[kind].get("lastTransitionTime"))
    scheduled = found.get("PodScheduled", {})
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        yield "kube_pod_status_unschedulable", pairs, 1.0
