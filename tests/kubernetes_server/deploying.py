"""Deployments: ReplicaSets by template, one replica more at a time, and what is said of the progress."""

import copy
from typing import Any

from tests.kubernetes_server.owning import POD_HASH, REVISION, children, edit, hash_of, reference, set_status
from tests.kubernetes_server.state import Cluster, Object

PATIENCE = 25
"""Steps without progress after which a rollout has exceeded its deadline."""
_NOT_INHERITED = (REVISION, "kubectl.kubernetes.io/last-applied-configuration")
LATE = "ProgressDeadlineExceeded"


def step(cluster: Cluster) -> None:
    for deployment in cluster.all("deployments"):
        _sync(cluster, deployment)


def _sync(cluster: Cluster, deployment: Object) -> None:
    sets = children(cluster, "replicasets", deployment)
    wanted = hash_of(deployment["spec"]["template"])
    new = next((each for each in sets if hash_of(each["spec"]["template"]) == wanted), None)
    if not deployment["spec"].get("paused"):
        new = _newest(cluster, deployment, sets, new, wanted)
        sets = children(cluster, "replicasets", deployment)
        _roll(cluster, deployment, sets, new)
    elif new is not None:
        _scale(cluster, new, deployment["spec"]["replicas"] - sum(_size(each) for each in sets if each is not new))
    _report(cluster, deployment, new)


def _newest(cluster: Cluster, deployment: Object, sets: list[Object], new: Object | None, wanted: str) -> Object:
    """The ReplicaSet of the present template, with the highest revision."""
    revisions = [int(each["metadata"]["annotations"][REVISION]) for each in sets if each is not new]
    newest = str(max(revisions, default=0) + 1)
    if new is None:
        template = copy.deepcopy(deployment["spec"]["template"])
        labels = {**template["metadata"]["labels"], POD_HASH: wanted}
        template["metadata"]["labels"] = labels
        meta = deployment["metadata"]
        new = cluster.create(
            "replicasets",
            {
                "metadata": {
                    "name": f"{meta['name']}-{wanted}",
                    "namespace": meta["namespace"],
                    "labels": labels,
                    "annotations": {**_inherited(deployment), REVISION: newest},
                    "ownerReferences": reference(deployment),
                },
                "spec": {"replicas": 0, "selector": {"matchLabels": {**_matched(deployment), POD_HASH: wanted}}}
                | {"template": template},
            },
        )
        begun = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetCreated"}
        set_status(cluster, "deployments", deployment, conditions=[begun])
    else:
        annotations = dict(new["metadata"]["annotations"]) | _inherited(deployment)
        if int(annotations[REVISION]) < int(newest):
            annotations[REVISION] = newest
        if annotations != new["metadata"]["annotations"]:
            new = edit(cluster, "replicasets", new, lambda each: each["metadata"].update(annotations=annotations))
    revision = new["metadata"]["annotations"][REVISION]
    if (deployment["metadata"].get("annotations") or {}).get(REVISION) != revision:
        deployment = cluster.get("deployments", deployment["metadata"]["namespace"], deployment["metadata"]["name"])
        edit(cluster, "deployments", deployment, lambda each: _annotate(each, revision), status=True)
    return new


def _inherited(deployment: Object) -> dict[str, str]:
    """The annotations that a deployment's newest ReplicaSet gets too, and keeps when the deployment has lost them."""
    annotations = deployment["metadata"].get("annotations") or {}
    return {name: value for name, value in annotations.items() if name not in _NOT_INHERITED}


def _annotate(deployment: Object, revision: str) -> None:
    meta = deployment["metadata"]
    meta["annotations"] = {**(meta.get("annotations") or {}), REVISION: revision}


def _matched(deployment: Object) -> dict[str, str]:
    matched: dict[str, str] = deployment["spec"]["selector"]["matchLabels"]
    return matched


def _roll(cluster: Cluster, deployment: Object, sets: list[Object], new: Object) -> None:
    """One more of the new as long as all together are at most one too many; old ones go as new ones are available, and
    before that those that are not available themselves."""
    replicas = deployment["spec"]["replicas"]
    name = new["metadata"]["name"]
    old = [each for each in sets if each["metadata"]["name"] != name]
    total = _size(new) + sum(map(_size, old))
    if _size(new) > replicas or not any(map(_size, old)):
        _scale(cluster, new, replicas)
    elif _size(new) < replicas and total <= replicas:
        _scale(cluster, new, _size(new) + 1)
    ailing = next((each for each in old if _size(each) > _available(each)), None)
    if ailing is not None and total - replicas - (_size(new) - _available(new)) > 0:
        _scale(cluster, ailing, _size(ailing) - 1)
        return
    available = sum(map(_available, (new, *old)))
    largest = max(old, key=_size, default=None)
    spare = available > replicas or total > replicas + 1 or replicas == 0
    if largest is not None and _size(largest) and spare:
        _scale(cluster, largest, _size(largest) - 1)


def _size(found: Object) -> int:
    return int(found["spec"]["replicas"])


def _available(found: Object) -> int:
    return int(found.get("status", {}).get("availableReplicas", 0))


def _scale(cluster: Cluster, found: Object, replicas: int) -> None:
    if _size(found) != replicas:
        edit(cluster, "replicasets", found, lambda each: each["spec"].update(replicas=max(0, replicas)))


def _report(cluster: Cluster, deployment: Object, new: Object | None) -> None:
    meta = deployment["metadata"]
    now = cluster.get("deployments", meta["namespace"], meta["name"])
    sets = children(cluster, "replicasets", now)
    name = new["metadata"]["name"] if new else ""

    def total(field: str, *, updated: bool = False) -> int:
        return sum(
            each.get("status", {}).get(field, 0) for each in sets if not updated or each["metadata"]["name"] == name
        )

    wanted = deployment["spec"]["replicas"]
    status = {
        "observedGeneration": meta["generation"],
        "replicas": total("replicas"),
        "updatedReplicas": total("replicas", updated=True),
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": total("availableReplicas"),
        "unavailableReplicas": max(0, sum(map(_size, sets)) - total("availableReplicas")),
    }
    done = status["updatedReplicas"] == status["replicas"] == wanted <= total("availableReplicas", updated=True)
    failed = [condition for each in sets for condition in each.get("status", {}).get("conditions", ())]
    status["conditions"] = [_progress(cluster, now, status, done=done), *failed[:1]]
    set_status(cluster, "deployments", deployment, **status)


def _progress(cluster: Cluster, deployment: Object, status: dict[str, Any], *, done: bool) -> Object:
    """The condition Progressing. How long nothing has changed is counted in it, in steps; that it was too long is told
    until something does, whatever is asked for meanwhile."""
    before = deployment.get("status", {})
    was: Object = next(iter(before.get("conditions", ())), {})
    if done:
        return {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    same = all(before.get(field) == status[field] for field in counts)
    if was.get("reason") == LATE and same:
        return dict(was)
    waited = was.get("waited", 0) + 1 if same else 0
    if waited > PATIENCE:
        told = {"message": "has timed out progressing.", "lastUpdateTime": f"at version {cluster.version}"}
        return {"type": "Progressing", "status": "False", "reason": LATE, **told}
    return {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "waited": waited}
