"""A request to an answer, as the API server gives it. Watches are the server's, since they go on."""

import copy
from collections.abc import Mapping
from typing import Any

from tests.kubernetes_server.patches import BadPatch, NoPatch, patched
from tests.kubernetes_server.paths import KINDS, Request, api_version
from tests.kubernetes_server.selectors import BadSelector, fits_selector, must_know
from tests.kubernetes_server.state import Applied, Cluster, Object, selected
from tests.kubernetes_server.statuses import ApiStatus, details, expired, not_found
from tests.kubernetes_server.validation import must_be_valid

PAGE = 500
_IDLE = ("Pending", "Succeeded", "Failed")


def answer(cluster: Cluster, request: Request, query: Mapping[str, str], body: Any, content_type: str) -> Any:
    """The JSON (or text, of logs) that answers. Raises `ApiStatus`."""
    if request.resource == "pods" and request.subresource == "log":
        return _log(cluster, request, query)
    if request.resource == "pods" and request.subresource == "eviction":
        return _evict(cluster, request, body)
    if request.subresource not in ("", "status"):
        raise ApiStatus(404, "NotFound", "the server could not find the requested resource")
    match request.verb:
        case "get":
            return cluster.get(request.resource, request.namespace, request.name)
        case "list":
            return _list(cluster, request, query)
        case "create":
            _must_be_welcome(cluster, request, body)
            must_be_valid(request.resource, body, request.namespace)
            created = cluster.create(request.resource, body, request.namespace)
            cluster.applied.append(Applied(request, None, created))
            return created
        case "delete":
            return _delete(cluster, request, body)
    return _change(cluster, request, body, content_type)


def _list(cluster: Cluster, request: Request, query: Mapping[str, str]) -> Object:
    """All pages of a list are of the moment at which it began, and of that version."""
    if begun := query.get("continue"):
        if begun not in cluster.pages:
            raise expired("The provided continue parameter is too old to display a consistent list result.")
        version, found = begun.partition("-")[0], cluster.pages[begun]
    else:
        version, found = str(cluster.version), _selected(cluster, request, query)
    limit = int(query.get("limit") or PAGE)
    page, rest = found[:limit], found[limit:]
    meta: Object = {"resourceVersion": version}
    if rest:
        meta |= {"continue": f"{version}-{len(cluster.pages)}", "remainingItemCount": len(rest)}
        cluster.pages[meta["continue"]] = rest
    kind = KINDS[request.resource]
    items = [{name: value for name, value in each.items() if name not in ("kind", "apiVersion")} for each in page]
    return {"kind": f"{kind}List", "apiVersion": api_version(request.resource), "metadata": meta, "items": items}


def _selected(cluster: Cluster, request: Request, query: Mapping[str, str]) -> list[Object]:
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    try:
        must_know(request.resource, fields)
        return cluster.all(request.resource, request.namespace, labels, fields)
    except BadSelector as error:
        raise ApiStatus(400, "BadRequest", str(error)) from error


def _must_be_welcome(cluster: Cluster, request: Request, body: Any) -> None:
    """What is in no namespace or in one that is going, or has no account there yet, is not made."""
    _must_be_in_a_namespace(cluster, request, body)
    if request.resource == "pods" and cluster.find("serviceaccounts", request.namespace, "default") is None:
        why = f'error looking up service account {request.namespace}/default: serviceaccount "default" not found'
        raise ApiStatus(403, "Forbidden", f'pods "{body["metadata"].get("name", "")}" is forbidden: {why}')


def _must_be_in_a_namespace(cluster: Cluster, request: Request, body: Any) -> None:
    found = cluster.find("namespaces", "", request.namespace)
    if request.namespace and found is None:
        raise not_found("namespaces", request.namespace)
    if found is not None and "deletionTimestamp" in found["metadata"]:
        name = body["metadata"].get("name", "")
        why = f"unable to create new content in namespace {request.namespace} because it is being terminated"
        told = f"namespace {request.namespace} is being terminated"
        cause = {"reason": "NamespaceTerminating", "message": told, "field": "metadata.namespace"}
        about = {**details(request.resource, name), "causes": [cause]}
        raise ApiStatus(403, "Forbidden", f'{request.resource} "{name}" is forbidden: {why}', about)


def _change(cluster: Cluster, request: Request, body: Any, content_type: str) -> Object:
    current = cluster.get(request.resource, request.namespace, request.name)
    if request.verb == "patch":
        try:
            changed = patched(current, body, content_type)
        except BadPatch as error:
            raise ApiStatus(422, "Invalid", str(error)) from error
        except NoPatch as error:
            raise ApiStatus(415, "UnsupportedMediaType", str(error)) from error
    else:
        changed = copy.deepcopy(body)
    meta = changed.get("metadata") or {}
    if (meta.get("namespace", ""), meta.get("name")) != (request.namespace, request.name):
        raise ApiStatus(400, "BadRequest", "the name or namespace of the object does not match that of the URL")
    changed = _part(request, current, changed)
    must_be_valid(request.resource, changed, request.namespace, current)
    stored = cluster.update(request.resource, changed, status=request.subresource == "status")
    if stored is not current:
        cluster.applied.append(Applied(request, current, stored))
    return stored


def _part(request: Request, current: Object, changed: Object) -> Object:
    """Of the changed object what may be: its status by its own subresource, and by that nothing else."""
    kept, taken = (changed, current) if request.subresource == "" else (current, changed)
    return {
        **{name: value for name, value in kept.items() if name != "status"},
        "metadata": changed["metadata"],
        **({"status": taken["status"]} if "status" in taken else {}),
    }


def _delete(cluster: Cluster, request: Request, body: Any) -> Object:
    current = cluster.get(request.resource, request.namespace, request.name)
    deleted = cluster.delete(request.resource, request.namespace, request.name, body)
    if deleted is not current:
        cluster.applied.append(Applied(request, current, None))
    if request.resource == "pods" or cluster.find(request.resource, request.namespace, request.name):
        return deleted
    about = {**details(request.resource, request.name), "uid": current["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": about}


def _log(cluster: Cluster, request: Request, query: Mapping[str, str]) -> str:
    """Of the lines that are asked for the first bytes, as a kubelet tells them."""
    pod = cluster.get("pods", request.namespace, request.name)
    containers = [each["name"] for each in pod["spec"].get("containers", ())]
    wanted = query.get("container") or containers[0]
    if wanted not in containers:
        raise ApiStatus(400, "BadRequest", f"container {wanted} is not valid for pod {request.name}")
    _must_have_log(cluster, pod, wanted, previous=query.get("previous") == "true")
    text = cluster.logs.get(f"{request.namespace}/{request.name}", f"hello from {request.name}\n")
    lines = text.splitlines(keepends=True)
    return "".join(lines[-int(query.get("tailLines") or len(lines)) :])[: int(query.get("limitBytes") or len(text))]


def _must_have_log(cluster: Cluster, pod: Object, container: str, *, previous: bool) -> None:
    name, node = pod["metadata"]["name"], cluster.find("nodes", "", pod["spec"].get("nodeName", ""))
    if node is not None and not (is_ready(node) and cluster.runs_containers):
        message = f'Get "https://{node["metadata"]["name"]}:10250/containerLogs/{name}": dial tcp: no route to host'
        raise ApiStatus(500, "InternalError", message)
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    status: Mapping[str, Any] = next((each for each in statuses if each["name"] == container), {})
    if previous and not status.get("restartCount"):
        message = f'previous terminated container "{container}" in pod "{name}" not found'
        raise ApiStatus(400, "BadRequest", message)
    waiting = status.get("state", {}).get("waiting")
    if waiting and not status.get("restartCount"):
        message = f'container "{container}" in pod "{name}" is waiting to start: {waiting["reason"]}'
        raise ApiStatus(400, "BadRequest", message)


# --- eviction ---


def _evict(cluster: Cluster, request: Request, body: Any) -> Object:
    if body.get("metadata", {}).get("name") != request.name:
        raise ApiStatus(400, "BadRequest", "name in URL does not match name in Eviction object")
    pod = cluster.get("pods", request.namespace, request.name)
    _must_be_in_a_namespace(cluster, request, body)
    if not _goes_anyway(pod):
        _permit(cluster, pod)
    deleted = cluster.delete("pods", request.namespace, request.name, body.get("deleteOptions"))
    if deleted is not pod:
        cluster.applied.append(Applied(request, pod, None))
    return {"kind": "Status", "apiVersion": "v1", "status": "Success", "code": 201, "metadata": {}}


def _goes_anyway(pod: Object) -> bool:
    """What has ended, is ending or has not begun serves nobody, and no budget is asked."""
    return "deletionTimestamp" in pod["metadata"] or pod.get("status", {}).get("phase") in _IDLE


def _permit(cluster: Cluster, pod: Object) -> None:
    labels = pod["metadata"].get("labels", {})
    budgets = [
        each
        for each in cluster.all("poddisruptionbudgets", pod["metadata"]["namespace"])
        if fits_selector(labels, each["spec"].get("selector"))
    ]
    if len(budgets) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiStatus(500, "", message)
    for budget in budgets:
        healthy, desired = health(cluster, budget)
        always = budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
        if not is_ready(pod) and (always or healthy >= desired > 0):
            continue
        if healthy <= desired:
            name = budget["metadata"]["name"]
            told = f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
            cause = {"reason": "DisruptionBudget", "message": told}
            message = "Cannot evict pod as it would violate the pod's disruption budget."
            raise ApiStatus(429, "TooManyRequests", message, {"causes": [cause]})


def health(cluster: Cluster, budget: Object) -> tuple[int, int]:
    """How many of its pods are healthy, and how many have to be."""
    namespace, selector = budget["metadata"]["namespace"], budget["spec"].get("selector")
    pods = [
        pod
        for pod in cluster.all("pods", namespace)
        if fits_selector(pod["metadata"].get("labels", {}), selector) and "deletionTimestamp" not in pod["metadata"]
    ]
    healthy = sum(is_ready(pod) for pod in pods)
    if "minAvailable" in budget["spec"]:
        return healthy, int(budget["spec"]["minAvailable"])
    expected = max(int(budget.get("status", {}).get("expectedPods", 0)), len(pods))
    return healthy, expected - int(budget["spec"]["maxUnavailable"])


def is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def is_selected(found: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Whether a watch with this query tells of the object."""
    return selected(found, query.get("labelSelector", ""), query.get("fieldSelector", ""))
