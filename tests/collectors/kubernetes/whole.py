"""One object of each kind with everything that is read of it."""

from typing import Any

from schemas.kubernetes import Object

MADE = "2026-01-01T00:00:00Z"
Path = tuple[str | int, ...]
KEPT: frozenset[Path] = frozenset(
    [
        ("metadata",),
        *(("metadata", name) for name in ("name", "namespace", "uid", "resourceVersion")),
        *(("metadata", "ownerReferences", 0, name) for name in ("apiVersion", "kind", "name", "uid")),
    ]
)
"""Without which it is no object of the API."""
_RESOURCES = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"example.org/chip": "2"}}
_CONTAINER = {"name": "main", "image": "shop/web:1", "restartPolicy": "Always", "resources": _RESOURCES}
_STATUS = {
    "name": "main",
    "image": "web:1",
    "imageID": "sha256:1",
    "containerID": "x://1",
    "ready": True,
    "restartCount": 2,
    "state": {"waiting": {"reason": "Whim"}, "running": {"startedAt": MADE}, "terminated": {"startedAt": MADE}},
    "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": MADE}},
}
_TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [_CONTAINER]}}


def _whole(kind: str, name: str, spec: Object, status: Object, **more: Any) -> Object:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-77", "uid": "r1", "controller": True}
    meta: Object = {
        "name": name,
        "uid": f"{name}-1",
        "resourceVersion": "41",
        "generation": 3,
        "creationTimestamp": MADE,
        "deletionTimestamp": MADE,
        "labels": {"app": name, "node-role.kubernetes.io/worker": ""},
        "annotations": {"deployment.kubernetes.io/revision": "2", "reflexarc.io/commands": "[]"},
        "ownerReferences": [owner],
    }
    if kind != "Node":
        meta["namespace"] = "shop"
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, "spec": spec, "status": status, **more}


def _conditions(*types: str) -> list[Object]:
    return [
        {"type": each, "status": "True", "reason": "Evicted", "message": "m", "lastTransitionTime": MADE}
        for each in types
    ]


_SELECTOR = {"matchLabels": {"app": "web"}}
_COUNTS = {"observedGeneration": 2, "replicas": 3, "readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 1}
WHOLE: dict[str, Object] = {
    "pods": _whole(
        "Pod",
        "web-1",
        {"nodeName": "n1", "priorityClassName": "high", "hostNetwork": True, "restartPolicy": "Always"}
        | {"containers": [_CONTAINER], "initContainers": [_CONTAINER]},
        {"phase": "Running", "reason": "Evicted", "hostIP": "10.0.0.1", "podIP": "10.0.0.2", "startTime": MADE}
        | {"conditions": _conditions("Ready", "PodScheduled")}
        | {"containerStatuses": [_STATUS], "initContainerStatuses": [_STATUS]},
    ),
    "nodes": _whole(
        "Node",
        "n1",
        {"unschedulable": True, "providerID": "p", "podCIDR": "10.1.0.0/24"}
        | {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]},
        {"capacity": {"cpu": "4", "memory": "8Gi"}, "allocatable": {"cpu": "3800m", "pods": "110"}}
        | {"conditions": _conditions("Ready"), "nodeInfo": {"kernelVersion": "6", "kubeletVersion": "v1.36.0"}}
        | {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]},
    ),
    "deployments": _whole(
        "Deployment",
        "web",
        {"replicas": 3, "paused": False, "selector": _SELECTOR, "template": _TEMPLATE},
        {**_COUNTS, "unavailableReplicas": 1, "terminatingReplicas": 1, "conditions": _conditions("Progressing")},
    ),
    "replicasets": _whole(
        "ReplicaSet",
        "web-77",
        {"replicas": 3, "selector": _SELECTOR, "template": _TEMPLATE},
        {**_COUNTS, "fullyLabeledReplicas": 3},
    ),
    "statefulsets": _whole(
        "StatefulSet",
        "db",
        {"replicas": 2, "selector": _SELECTOR, "template": _TEMPLATE}
        | {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}},
        {**_COUNTS, "currentReplicas": 1, "currentRevision": "db-1", "updateRevision": "db-2"},
    ),
    "daemonsets": _whole(
        "DaemonSet",
        "agent",
        {"selector": _SELECTOR, "template": _TEMPLATE, "updateStrategy": {"type": "RollingUpdate"}},
        {"observedGeneration": 2, "currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberAvailable": 2}
        | {"numberMisscheduled": 0, "numberReady": 2, "numberUnavailable": 1, "updatedNumberScheduled": 3},
    ),
    "jobs": _whole(
        "Job",
        "backup",
        {"parallelism": 1, "completions": 1, "activeDeadlineSeconds": 60},
        {"active": 1, "succeeded": 1, "failed": 1, "startTime": MADE, "completionTime": MADE}
        | {"conditions": _conditions("Failed", "Complete")},
    ),
    "cronjobs": _whole(
        "CronJob",
        "tidy",
        {"schedule": "@daily", "concurrencyPolicy": "Forbid", "suspend": True},
        {"active": [{"name": "tidy-1"}], "lastScheduleTime": MADE, "lastSuccessfulTime": MADE},
    ),
    "horizontalpodautoscalers": _whole(
        "HorizontalPodAutoscaler",
        "web",
        {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
        | {"minReplicas": 2, "maxReplicas": 9},
        {"currentReplicas": 3, "desiredReplicas": 4, "conditions": _conditions("ScalingActive")},
    ),
    "poddisruptionbudgets": _whole(
        "PodDisruptionBudget",
        "web",
        {"selector": _SELECTOR, "minAvailable": 1},
        {"currentHealthy": 3, "desiredHealthy": 2, "disruptionsAllowed": 1, "expectedPods": 3, "observedGeneration": 1},
    ),
}
EVENT: Object = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {
        "name": "web-1.1",
        "namespace": "shop",
        "uid": "e1",
        "resourceVersion": "41",
        "creationTimestamp": MADE,
    }
    | {"managedFields": [{"manager": "kubelet"}]},
    "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "u1"},
    "series": {"count": 3, "lastObservedTime": MADE},
    "eventTime": MADE,
    "firstTimestamp": None,
    "lastTimestamp": MADE,
    "count": 3,
    "type": "Warning",
    "reason": "BackOff",
    "message": "m",
    "source": {"component": "kubelet"},
    "reportingComponent": "kubelet",
    "reportingInstance": "n1",
}
