"""Manifests to begin with, and the clusters that they make."""

from typing import Any

from tests.kubernetes_server.state import Cluster, Object

SHOP = "shop"


def template(app: str, image: str = "web:1", **labels: str) -> Object:
    """A pod template with one container."""
    meta = {"labels": {"app": app, "app.kubernetes.io/name": app, **labels}}
    return {"metadata": meta, "spec": {"containers": [{"name": "main", "image": image}]}}


def workload(name: str, replicas: int | None = 3, image: str = "web:1", namespace: str = SHOP, **spec: Any) -> Object:
    """A Deployment, ReplicaSet, StatefulSet or (without replicas) a DaemonSet."""
    labels = {"app": name, "app.kubernetes.io/name": name}
    wanted = {} if replicas is None else {"replicas": replicas}
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name, image), **wanted, **spec},
    }


def node(name: str) -> Object:
    """A ready node."""
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "allocatable": {"cpu": "3800m", "memory": "7Gi", "pods": "110"},
            "nodeInfo": {"kubeletVersion": "v1.36.0"},
        },
    }


def pod(name: str, on: str = "", namespace: str = SHOP, **meta: Any) -> Object:
    """A pod that no controller owns."""
    spec: Object = {"containers": [{"name": "main", "image": "web:1"}]}
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}, **meta},
        "spec": spec | ({"nodeName": on} if on else {}),
    }


def budget(app: str, namespace: str = SHOP, **spec: Any) -> Object:
    """A PodDisruptionBudget: `minAvailable` or `maxUnavailable`."""
    selector = {"matchLabels": {"app": app}}
    return {"metadata": {"name": app, "namespace": namespace}, "spec": {"selector": selector, **spec}}


def event(about: Object, reason: str, message: str) -> Object:
    """A Warning about an object."""
    meta = about["metadata"]
    return {
        "metadata": {"generateName": f"{meta['name']}.", "namespace": meta.get("namespace", "default")},
        "involvedObject": {"kind": about["kind"], "name": meta["name"], "uid": meta["uid"]},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "count": 1,
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }


def shop(nodes: int = 3) -> Cluster:
    """Deployment `web` (3), StatefulSet `db` (2), DaemonSet `agent` and ReplicaSet `solo` (2), not yet settled."""
    cluster = Cluster()
    for number in range(nodes):
        cluster.create("nodes", node(f"n{number}"))
    cluster.create("namespaces", {"metadata": {"name": SHOP}})
    cluster.create("deployments", workload("web"))
    cluster.create("statefulsets", workload("db", 2, serviceName="db"))
    cluster.create("daemonsets", workload("agent", None))
    cluster.create("replicasets", workload("solo", 2))
    return cluster
