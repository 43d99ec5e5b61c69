"""HorizontalPodAutoscalers and PodDisruptionBudgets under kube-state-metrics' names. Pure."""

from collections.abc import Iterator, Sequence

from collectors.kubernetes import parts
from collectors.series import Metric
from schemas.kubernetes import Object

_AUTOSCALER = "kube_horizontalpodautoscaler"
_BUDGET = {
    "kube_poddisruptionbudget_status_current_healthy": "currentHealthy",
    "kube_poddisruptionbudget_status_desired_healthy": "desiredHealthy",
    "kube_poddisruptionbudget_status_pod_disruptions_allowed": "disruptionsAllowed",
    "kube_poddisruptionbudget_status_expected_pods": "expectedPods",
    "kube_poddisruptionbudget_status_observed_generation": "observedGeneration",
}


def autoscaler(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    pairs, spec = parts.reference(found, "horizontalpodautoscaler"), found.get("spec") or {}
    target = spec.get("scaleTargetRef") or {}
    about = {"api_version": "apiVersion", "kind": "kind", "name": "name"}
    told = {f"scaletargetref_{label}": target.get(field) for label, field in about.items()}
    yield f"{_AUTOSCALER}_info", (*pairs, *parts.said(told)), 1.0
    yield from parts.count(f"{_AUTOSCALER}_metadata_generation", pairs, found["metadata"].get("generation"))
    yield from parts.labels(f"{_AUTOSCALER}_labels", pairs, found, allowed)
    yield from parts.count(f"{_AUTOSCALER}_spec_min_replicas", pairs, spec.get("minReplicas", 1))
    yield from parts.count(f"{_AUTOSCALER}_spec_max_replicas", pairs, spec.get("maxReplicas"))
    status = found.get("status") or {}
    names = {f"{_AUTOSCALER}_status_{name}_replicas": f"{name}Replicas" for name in ("current", "desired")}
    yield from parts.counts(pairs, status, names)
    yield from parts.conditions(f"{_AUTOSCALER}_status_condition", pairs, found)


def budget(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    pairs = parts.reference(found, "poddisruptionbudget")
    yield from parts.moment("kube_poddisruptionbudget_created", pairs, found["metadata"].get("creationTimestamp"))
    yield from parts.labels("kube_poddisruptionbudget_labels", pairs, found, allowed)
    yield from parts.counts(pairs, found.get("status") or {}, _BUDGET)
