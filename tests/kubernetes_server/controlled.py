"""ReplicaSets, StatefulSets and DaemonSets: the pods that they want, one change a step."""

import copy

from tests.kubernetes_server.handlers import is_ready
from tests.kubernetes_server.owning import (
    CONTROLLER_HASH,
    children,
    edit,
    hash_of,
    living,
    make_pod,
    reference,
    refused,
    set_status,
)
from tests.kubernetes_server.state import Cluster, Object


def step(cluster: Cluster) -> None:
    for found in cluster.all("replicasets"):
        _replica_set(cluster, found)
    for found in cluster.all("statefulsets"):
        _stateful_set(cluster, found)
    for found in cluster.all("daemonsets"):
        _daemon_set(cluster, found)


def _replica_set(cluster: Cluster, found: Object) -> None:
    pods = children(cluster, "pods", found)
    alive, wanted = living(pods), found["spec"]["replicas"]
    for _ in range(wanted - len(alive)):
        make_pod(cluster, found)
    # What is not ready goes first, then what is youngest.
    doomed = sorted(alive, key=lambda pod: (is_ready(pod), -int(pod["metadata"]["uid"][-12:], 16)))
    for pod in doomed[: max(0, len(alive) - wanted)]:
        _delete(cluster, pod)
    alive = living(children(cluster, "pods", found))
    ready = sum(map(is_ready, alive))
    generation = found["metadata"]["generation"]
    counts = {"replicas": len(alive), "readyReplicas": ready, "availableReplicas": ready}
    why = refused(cluster, found["metadata"]["namespace"]) if len(alive) < wanted else ""
    failed = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": why}
    set_status(
        cluster,
        "replicasets",
        found,
        observedGeneration=generation,
        conditions=[failed] if why else [],
        **counts,
    )


def _delete(cluster: Cluster, pod: Object) -> None:
    cluster.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])


# --- with revisions ---


def _revision(cluster: Cluster, owner: Object) -> Object:
    """The ControllerRevision of the present template, with the highest number."""
    meta = owner["metadata"]
    digest = hash_of(owner["spec"]["template"])
    kept = children(cluster, "controllerrevisions", _selecting(owner))
    newest = max((each["revision"] for each in kept), default=0)
    for each in kept:
        if each["metadata"]["labels"][CONTROLLER_HASH] == digest:
            if each["revision"] == newest:
                return each
            return edit(cluster, "controllerrevisions", each, lambda changed: changed.update(revision=newest + 1))
    template = {**copy.deepcopy(owner["spec"]["template"]), "$patch": "replace"}
    labels = {**owner["spec"]["selector"]["matchLabels"], CONTROLLER_HASH: digest}
    about = {"name": f"{meta['name']}-{digest}", "namespace": meta["namespace"], "labels": labels}
    about |= {"ownerReferences": reference(owner)}
    data = {"spec": {"template": template}}
    return cluster.create("controllerrevisions", {"metadata": about, "revision": newest + 1, "data": data})


def _selecting(owner: Object) -> Object:
    return {**owner, "spec": {"selector": owner["spec"]["selector"]}}


def _stateful_set(cluster: Cluster, found: Object) -> None:
    """In their order, one at a time; on an update the highest first."""
    revision = _revision(cluster, found)["metadata"]["name"]
    base, namespace, wanted = found["metadata"]["name"], found["metadata"]["namespace"], found["spec"]["replicas"]
    pods = {int(pod["metadata"]["name"].rpartition("-")[2]): pod for pod in children(cluster, "pods", found)}
    missing = next((number for number in range(wanted) if number not in pods), None)
    all_ready = all(is_ready(pod) for pod in pods.values())
    outdated = [n for n, pod in pods.items() if pod["metadata"]["labels"].get(CONTROLLER_HASH) != revision]
    if any("deletionTimestamp" in pod["metadata"] for pod in pods.values()):
        pass
    elif len(pods) > wanted:
        _delete(cluster, pods[max(pods)])
    elif missing is not None and all_ready and cluster.find("pods", namespace, f"{base}-{missing}") is None:
        make_pod(cluster, found, f"{base}-{missing}", **{CONTROLLER_HASH: revision})
    elif missing is None and outdated and all_ready and _rolls(found):
        _delete(cluster, pods[max(outdated)])
    _report_stateful(cluster, found, revision)


def _rolls(found: Object) -> bool:
    return bool(found["spec"].get("updateStrategy", {}).get("type", "RollingUpdate") == "RollingUpdate")


def _report_stateful(cluster: Cluster, found: Object, revision: str) -> None:
    """Pods that are ending are counted as long as they are there, but not as updated."""
    pods = children(cluster, "pods", found)
    updated = [pod for pod in living(pods) if pod["metadata"]["labels"].get(CONTROLLER_HASH) == revision]
    ready = sum(map(is_ready, pods))
    done = len(updated) == len(pods) == found["spec"]["replicas"] == ready
    current = found.get("status", {}).get("currentRevision", revision)
    set_status(
        cluster,
        "statefulsets",
        found,
        observedGeneration=found["metadata"]["generation"],
        replicas=len(pods),
        readyReplicas=ready,
        availableReplicas=ready,
        updatedReplicas=len(updated),
        updateRevision=revision,
        currentRevision=revision if done else current,
    )


def _daemon_set(cluster: Cluster, found: Object) -> None:
    """One on each node, whether or not it is cordoned; on an update one node at a time."""
    revision = _revision(cluster, found)["metadata"]["labels"][CONTROLLER_HASH]
    nodes = [node["metadata"]["name"] for node in cluster.all("nodes")]
    pods = {pod["spec"].get("nodeName", ""): pod for pod in children(cluster, "pods", found)}
    for name in nodes:
        if name not in pods:
            make_pod(cluster, found, on=name, **{CONTROLLER_HASH: revision})
    if all(map(is_ready, pods.values())) and not any("deletionTimestamp" in pod["metadata"] for pod in pods.values()):
        outdated = [pod for pod in pods.values() if pod["metadata"]["labels"].get(CONTROLLER_HASH) != revision]
        for pod in outdated[:1]:
            _delete(cluster, pod)
    alive = living(children(cluster, "pods", found))
    ready = sum(map(is_ready, alive))
    set_status(
        cluster,
        "daemonsets",
        found,
        observedGeneration=found["metadata"]["generation"],
        desiredNumberScheduled=len(nodes),
        currentNumberScheduled=len(alive),
        updatedNumberScheduled=sum(each["metadata"]["labels"].get(CONTROLLER_HASH) == revision for each in alive),
        numberReady=ready,
        numberAvailable=ready,
    )
