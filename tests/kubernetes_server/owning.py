"""What controllers have in common: owners, adoption, hashes of templates, and writing of status."""

import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tests.kubernetes_server.objects import event
from tests.kubernetes_server.selectors import fits_selector
from tests.kubernetes_server.state import Cluster, Object

REVISION = "deployment.kubernetes.io/revision"
POD_HASH = "pod-template-hash"
CONTROLLER_HASH = "controller-revision-hash"


def hash_of(template: Mapping[str, Any]) -> str:
    """The same for the same template, whatever hash label it carries."""
    bare = copy.deepcopy(dict(template))
    for label in (POD_HASH, CONTROLLER_HASH):
        bare.get("metadata", {}).get("labels", {}).pop(label, None)
    return hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()[:10]


def owner_of(found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The owner reference of its controller."""
    return next((each for each in found["metadata"].get("ownerReferences", ()) if each.get("controller")), None)


def reference(owner: Object) -> list[Object]:
    meta = owner["metadata"]
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
        }
    ]


def children(cluster: Cluster, resource: str, owner: Object) -> list[Object]:
    """What the owner controls, after it took what fits its selector and is nobody's, and let go what no longer fits."""
    meta = owner["metadata"]
    mine = []
    for found in cluster.all(resource, meta["namespace"]):
        fits = fits_selector(found["metadata"].get("labels") or {}, owner["spec"].get("selector"))
        control = owner_of(found)
        if control is not None and control["uid"] == meta["uid"]:
            if fits:
                mine.append(found)
            else:
                edit(cluster, resource, found, lambda changed: changed["metadata"].pop("ownerReferences"))
        elif control is None and fits and "deletionTimestamp" not in found["metadata"]:
            mine.append(edit(cluster, resource, found, partial(_adopt, by=owner)))
    return mine


def _adopt(found: Object, by: Object) -> None:
    found["metadata"]["ownerReferences"] = reference(by)


def edit(
    cluster: Cluster, resource: str, found: Object, change: Callable[[Object], Any], *, status: bool = False
) -> Object:
    """The object changed by a controller, or by what writes its `status`."""
    changed = copy.deepcopy(found)
    changed["metadata"].pop("resourceVersion")
    change(changed)
    return cluster.update(resource, changed, status=status)


def set_status(cluster: Cluster, resource: str, found: Object, **status: Any) -> None:
    meta = found["metadata"]
    current = cluster.find(resource, meta.get("namespace", ""), meta["name"])
    if current is not None and not status.items() <= current.get("status", {}).items():
        edit(cluster, resource, current, lambda changed: changed.update(status={**changed.get("status", {}), **status}))


def living(pods: list[Object]) -> list[Object]:
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def refused(cluster: Cluster, namespace: str) -> str:
    """Why no more pods are admitted: a quota on their number."""
    used = len(cluster.all("pods", namespace))
    for quota in cluster.all("resourcequotas", namespace):
        if used >= int(limit := quota["spec"]["hard"]["pods"]):
            counted = f"requested: pods=1, used: pods={used}, limited: pods={limit}"
            return f"pods is forbidden: exceeded quota: {quota['metadata']['name']}, {counted}"
    return ""


def _tell(cluster: Cluster, owner: Object, why: str) -> None:
    """That a pod was not admitted: an Event about the owner, once for all times."""
    about = event(owner, "FailedCreate", f"Error creating: {why}")
    name = f"{owner['metadata']['name']}.{owner['metadata']['uid'][-4:]}"
    if cluster.find("events", owner["metadata"]["namespace"], name) is None:
        cluster.create("events", {**about, "metadata": {**about["metadata"], "name": name}})


def make_pod(cluster: Cluster, owner: Object, name: str = "", on: str = "", **labels: str) -> None:
    """A pod of the owner's template, if it is admitted."""
    if why := refused(cluster, owner["metadata"]["namespace"]):
        _tell(cluster, owner, why)
        return
    template = copy.deepcopy(owner["spec"]["template"])
    meta = {**template.get("metadata", {}), "namespace": owner["metadata"]["namespace"]}
    meta |= {"ownerReferences": reference(owner)}
    meta |= {"name": name} if name else {"generateName": f"{owner['metadata']['name']}-"}
    meta["labels"] = {**meta.get("labels", {}), **labels}
    spec = {**template["spec"], **({"nodeName": on} if on else {})}
    cluster.create("pods", {"metadata": meta, "spec": spec})
