"""A request to an answer, as the API server gives it. Watches are the server's, since they go on."""

import copy
from collections.abc import Mapping
from typing import Any

from tests.kubernetes_server.patches import BadPatch, NoPatch, patched
from tests.kubernetes_server.paths import KINDS, Request, api_version
from tests.kubernetes_server.selectors import BadSelector, fits_selector, must_know
from tests.kubernetes_server.state import Applied, Cluster, Object, selected
from tests.kubernetes_server.statuses import ApiStatus, details, expired

PAGE = 500


def answer(cluster: Cluster, request: Request, query: Mapping[str, str], body: Any, content_type: str) -> Any:
    """The JSON (or text, of logs) that answers. Raises `ApiStatus`."""
    if request.resource == "pods" and request.subresource == "log":
        return _log(cluster, request, query)
    if request.resource == "pods" and request.subresource == "eviction":
        return _evict(cluster, request, body)
    if request.subresource:
        raise ApiStatus(404, "NotFound", "the server could not find the requested resource")
    match request.verb:
        case "get":
            return cluster.get(request.resource, request.namespace, request.name)
        case "list":
            return _list(cluster, request, query)
        case "create":
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
    if "status" in current:  # It is changed by its own subresource only.
        changed["status"] = current["status"]
    else:
        changed.pop("status", None)
    stored = cluster.update(request.resource, changed)
    if stored is not current:
        cluster.applied.append(Applied(request, current, stored))
    return stored


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
    pod = cluster.get("pods", request.namespace, request.name)
    containers = [each["name"] for each in pod["spec"].get("containers", ())]
    wanted = query.get("container") or containers[0]
    if wanted not in containers:
        raise ApiStatus(400, "BadRequest", f"container {wanted} is not valid for pod {request.name}")
    if query.get("previous") == "true":
        message = f'previous terminated container "{wanted}" in pod "{request.name}" not found'
        raise ApiStatus(400, "BadRequest", message)
    text = cluster.logs.get(f"{request.namespace}/{request.name}", f"hello from {request.name}\n")
    return text[: int(query.get("limitBytes") or len(text))]


# --- eviction ---


def _evict(cluster: Cluster, request: Request, body: Any) -> Object:
    pod = cluster.get("pods", request.namespace, request.name)
    budgets = [
        budget
        for budget in cluster.all("poddisruptionbudgets", request.namespace)
        if fits_selector(pod["metadata"].get("labels", {}), budget["spec"].get("selector"))
    ]
    wanted = (body.get("deleteOptions") or {}).get("preconditions", {}).get("uid")
    if "deletionTimestamp" not in pod["metadata"] and wanted in (None, pod["metadata"]["uid"]):
        _permit(cluster, pod, budgets)
    deleted = cluster.delete("pods", request.namespace, request.name, body.get("deleteOptions"))
    if deleted is not pod:
        cluster.applied.append(Applied(request, pod, None))
    return {"kind": "Status", "apiVersion": "v1", "status": "Success", "code": 201, "metadata": {}}


def _permit(cluster: Cluster, pod: Object, budgets: list[Object]) -> None:
    if len(budgets) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiStatus(500, "InternalError", message)
    for budget in budgets:
        if allowed(cluster, budget) < 1:
            name = budget["metadata"]["name"]
            told = f"The disruption budget {name} needs healthy pods that it has not"
            cause = {"reason": "DisruptionBudget", "message": told}
            message = "Cannot evict pod as it would violate the pod's disruption budget."
            raise ApiStatus(429, "TooManyRequests", message, {"causes": [cause]})


def allowed(cluster: Cluster, budget: Object) -> int:
    """How many of its pods may be disrupted now."""
    namespace, selector = budget["metadata"]["namespace"], budget["spec"].get("selector")
    pods = [
        pod
        for pod in cluster.all("pods", namespace)
        if fits_selector(pod["metadata"].get("labels", {}), selector) and "deletionTimestamp" not in pod["metadata"]
    ]
    healthy = sum(is_ready(pod) for pod in pods)
    if "minAvailable" in budget["spec"]:
        return healthy - int(budget["spec"]["minAvailable"])
    expected = int(budget.get("status", {}).get("expectedPods", len(pods)))
    return int(budget["spec"]["maxUnavailable"]) - (max(expected, len(pods)) - healthy)


def is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def is_selected(found: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Whether a watch with this query tells of the object."""
    return selected(found, query.get("labelSelector", ""), query.get("fieldSelector", ""))
