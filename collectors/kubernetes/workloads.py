"""Deployments, ReplicaSets, StatefulSets and DaemonSets under kube-state-metrics' names. Pure."""

from collections.abc import Iterator, Sequence

from collectors.kubernetes import parts
from collectors.series import Metric
from schemas.kubernetes import Object

_DEPLOYMENT = {
    "kube_deployment_status_replicas": "replicas",
    "kube_deployment_status_replicas_ready": "readyReplicas",
    "kube_deployment_status_replicas_available": "availableReplicas",
    "kube_deployment_status_replicas_unavailable": "unavailableReplicas",
    "kube_deployment_status_replicas_updated": "updatedReplicas",
}
_REASONS = (
    "ReplicaSetUpdated",
    "ReplicaSetCreateError",
    "NewReplicaSetCreated",
    "FoundNewReplicaSet",
    "NewReplicaSetAvailable",
    "ProgressDeadlineExceeded",
    "DeploymentPaused",
    "DeploymentResumed",
    "MinimumReplicasAvailable",
    "MinimumReplicasUnavailable",
)
"""For which the deployment controller gives a condition its state. Others might be without bound."""
_REPLICA_SET = {
    "kube_replicaset_status_replicas": "replicas",
    "kube_replicaset_status_fully_labeled_replicas": "fullyLabeledReplicas",
    "kube_replicaset_status_ready_replicas": "readyReplicas",
}
_STATEFUL_SET = {
    "kube_statefulset_status_replicas": "replicas",
    "kube_statefulset_status_replicas_available": "availableReplicas",
    "kube_statefulset_status_replicas_current": "currentReplicas",
    "kube_statefulset_status_replicas_ready": "readyReplicas",
    "kube_statefulset_status_replicas_updated": "updatedReplicas",
}
_DAEMON_SET = {
    "kube_daemonset_status_current_number_scheduled": "currentNumberScheduled",
    "kube_daemonset_status_desired_number_scheduled": "desiredNumberScheduled",
    "kube_daemonset_status_number_available": "numberAvailable",
    "kube_daemonset_status_number_misscheduled": "numberMisscheduled",
    "kube_daemonset_status_number_ready": "numberReady",
    "kube_daemonset_status_number_unavailable": "numberUnavailable",
    "kube_daemonset_status_updated_number_scheduled": "updatedNumberScheduled",
}


def deployment(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    pairs, spec, status = parts.reference(found, "deployment"), found.get("spec") or {}, found.get("status") or {}
    yield from parts.generation("deployment", pairs, found)
    yield from parts.labels("kube_deployment_labels", pairs, found, allowed)
    yield from parts.count("kube_deployment_spec_replicas", pairs, spec.get("replicas", 1))
    yield "kube_deployment_spec_paused", pairs, float(bool(spec.get("paused")))
    yield from parts.counts(pairs, status, _DEPLOYMENT)
    yield from parts.count("kube_deployment_status_terminating_replicas", pairs, status.get("terminatingReplicas"))
    yield from parts.conditions("kube_deployment_status_condition", pairs, found, _REASONS)


def replica_set(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    pairs, spec = parts.reference(found, "replicaset"), found.get("spec") or {}
    yield from parts.generation("replicaset", pairs, found)
    yield from parts.labels("kube_replicaset_labels", pairs, found, allowed)
    yield from parts.owners("kube_replicaset_owner", pairs, found)
    yield from parts.count("kube_replicaset_spec_replicas", pairs, spec.get("replicas", 1))
    yield from parts.counts(pairs, found.get("status") or {}, _REPLICA_SET)


def stateful_set(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    pairs, spec, status = parts.reference(found, "statefulset"), found.get("spec") or {}, found.get("status") or {}
    yield from parts.generation("statefulset", pairs, found)
    yield from parts.labels("kube_statefulset_labels", pairs, found, allowed)
    yield from parts.count("kube_statefulset_replicas", pairs, spec.get("replicas", 1))
    yield from parts.counts(pairs, status, _STATEFUL_SET)
    for name, field in (("current", "currentRevision"), ("update", "updateRevision")):
        if status.get(field):
            yield f"kube_statefulset_status_{name}_revision", (*pairs, ("revision", str(status[field]))), 1.0


def daemon_set(found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    pairs = parts.reference(found, "daemonset")
    yield from parts.generation("daemonset", pairs, found)
    yield from parts.labels("kube_daemonset_labels", pairs, found, allowed)
    yield from parts.counts(pairs, found.get("status") or {}, _DAEMON_SET)
