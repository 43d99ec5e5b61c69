"""Nodes under kube-state-metrics' names. Pure."""

from collections.abc import Iterator, Sequence

from collectors.kubernetes import parts
from collectors.series import Metric
from schemas.kubernetes import Object

_ROLE = "node-role.kubernetes.io/"
_INFO = {
    "kernel_version": "kernelVersion",
    "os_image": "osImage",
    "container_runtime_version": "containerRuntimeVersion",
    "kubelet_version": "kubeletVersion",
    "kubeproxy_version": "kubeProxyVersion",
    "system_uuid": "systemUUID",
}


def node(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    pairs, spec, status = parts.reference(found, "node"), found.get("spec") or {}, found.get("status") or {}
    about = status.get("nodeInfo") or {}
    info = {label: about.get(field) for label, field in _INFO.items()}
    info |= {"provider_id": spec.get("providerID"), "pod_cidr": spec.get("podCIDR"), "internal_ip": _internal(status)}
    yield "kube_node_info", (*pairs, *parts.said(info)), 1.0
    yield from parts.moment("kube_node_created", pairs, found["metadata"].get("creationTimestamp"))
    yield from parts.labels("kube_node_labels", pairs, found, allowed)
    for label in sorted(found["metadata"].get("labels") or {}):
        if label.startswith(_ROLE):
            yield "kube_node_role", (*pairs, ("role", label.removeprefix(_ROLE))), 1.0
    yield "kube_node_spec_unschedulable", pairs, float(bool(spec.get("unschedulable")))
    for taint in spec.get("taints") or ():
        told = {name: taint.get(name) for name in ("key", "value", "effect")}
        yield "kube_node_spec_taint", (*pairs, *parts.said(told)), 1.0
    yield from parts.conditions("kube_node_status_condition", pairs, found)
    yield from parts.quantities("kube_node_status_capacity", pairs, status.get("capacity"))
    yield from parts.quantities("kube_node_status_allocatable", pairs, status.get("allocatable"))


def _internal(status: Object) -> str | None:
    """The last that it has, as kube-state-metrics tells it."""
    found = [each.get("address") for each in status.get("addresses") or () if each.get("type") == "InternalIP"]
    return found[-1] if found else None
