"""Scheduler and kubelets: pods find a node, run or do not, and end."""

from collections import Counter
from typing import Any

from tests.kubernetes_server.owning import edit, set_status
from tests.kubernetes_server.state import NOW, Cluster, Object

_WAITING = {
    "bad": ("ImagePullBackOff", "Back-off pulling image"),
    "crash": ("CrashLoopBackOff", "back-off 10s restarting failed container"),
}

_UNREADY = {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "main is not ready"}


def step(cluster: Cluster) -> None:
    away = {node["metadata"]["name"] for node in cluster.all("nodes") if not _is_ready(node)}
    loads = _loads(cluster)
    for pod in cluster.all("pods"):
        meta = pod["metadata"]
        if pod["spec"].get("nodeName") in away:
            continue
        if "deletionTimestamp" in meta:
            cluster.remove("pods", pod)
        elif not pod["spec"].get("nodeName"):
            _schedule(cluster, pod, loads)
        elif "status" not in pod or pod["status"].get("phase") == "Pending":
            _run(cluster, pod)


def _loads(cluster: Cluster) -> dict[str, int]:
    """How many pods there are on each of the nodes that take any."""
    found = Counter(pod["spec"].get("nodeName") for pod in cluster.all("pods"))
    return {
        node["metadata"]["name"]: found[node["metadata"]["name"]]
        for node in cluster.all("nodes")
        if not node["spec"].get("unschedulable") and _is_ready(node)
    }


def _schedule(cluster: Cluster, pod: Object, loads: dict[str, int]) -> None:
    """To the node with the fewest pods of those that take any."""
    if loads:
        name = min(loads, key=lambda each: (loads[each], each))
        loads[name] += 1
        edit(cluster, "pods", pod, lambda each: each["spec"].update(nodeName=name))
        return
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node takes it"}
    set_status(cluster, "pods", pod, phase="Pending", conditions=[unscheduled])


def _is_ready(node: Object) -> bool:
    conditions = node.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _run(cluster: Cluster, pod: Object) -> None:
    states = [_state(each, cluster.runs_containers) for each in pod["spec"]["containers"]]
    ready = all(each["ready"] for each in states)
    conditions = [
        {"type": "PodScheduled", "status": "True"},
        {"type": "Ready", "status": "True"} if ready else _UNREADY,
    ]
    begun = not any(each["state"].get("waiting", {}).get("reason") == "ImagePullBackOff" for each in states)
    phase = "Running" if begun else "Pending"
    status = {"phase": phase, "conditions": conditions, "containerStatuses": states, "podIP": "10.0.0.1"}
    set_status(cluster, "pods", pod, **status)


def _state(container: Object, runs: bool) -> Object:
    told = " ".join((container["image"], *container.get("command", ())))
    trouble = next((each for word, each in _WAITING.items() if runs and word in told), None)
    state: dict[str, Any] = {"running": {"startedAt": NOW}}
    if trouble:
        state = {"waiting": {"reason": trouble[0], "message": f"{trouble[1]} {container['image']}"}}
    restarts = 5 if trouble and trouble[0] == "CrashLoopBackOff" else 0
    about = {"name": container["name"], "image": container["image"], "ready": not trouble and "unready" not in told}
    return about | {"restartCount": restarts, "state": state}
