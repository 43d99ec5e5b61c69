"""URLs of the API: `/apis/apps/v1/namespaces/shop/deployments/web/scale` and what they ask for."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

NAMESPACED = {
    "": (
        "pods",
        "events",
        "services",
        "configmaps",
        "replicationcontrollers",
        "secrets",
        "serviceaccounts",
        "resourcequotas",
    ),
    "apps": ("deployments", "statefulsets", "daemonsets", "replicasets", "controllerrevisions"),
    "batch": ("jobs", "cronjobs"),
    "policy": ("poddisruptionbudgets",),
    "networking.k8s.io": ("networkpolicies",),
    "autoscaling": ("horizontalpodautoscalers",),
}
CLUSTER_WIDE = {"": ("nodes", "namespaces", "persistentvolumes")}
KINDS = {
    "pods": "Pod",
    "events": "Event",
    "services": "Service",
    "configmaps": "ConfigMap",
    "replicationcontrollers": "ReplicationController",
    "secrets": "Secret",
    "serviceaccounts": "ServiceAccount",
    "resourcequotas": "ResourceQuota",
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "replicasets": "ReplicaSet",
    "controllerrevisions": "ControllerRevision",
    "jobs": "Job",
    "cronjobs": "CronJob",
    "poddisruptionbudgets": "PodDisruptionBudget",
    "networkpolicies": "NetworkPolicy",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
    "nodes": "Node",
    "namespaces": "Namespace",
    "persistentvolumes": "PersistentVolume",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as RBAC sees it: `verb` is get, list, watch, create, update, patch or delete."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def what(self) -> str:
        """The resource as a rule names it: `pods/eviction`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def api_version(resource: str) -> str:
    """Such as `apps/v1`."""
    group = group_of(resource)
    version = "v2" if group == "autoscaling" else "v1"
    return f"{group}/{version}" if group else version


def group_of(resource: str) -> str:
    """Such as `apps`; empty for the core."""
    return next(group for group, names in (*NAMESPACED.items(), *CLUSTER_WIDE.items()) if resource in names)


def understood(method: str, url: str) -> tuple[Request, dict[str, str]] | None:
    """What is asked for, with the query; None where there is no such path."""
    split = urlsplit(url)
    query = dict(parse_qsl(split.query, keep_blank_values=True))
    parts = [unquote(part) for part in split.path.split("/")[1:]]
    match parts:
        case ["api", "v1", *rest]:
            group = ""
        case ["apis", group, _, *rest]:
            pass
        case _:
            return None
    namespace = ""
    if len(rest) >= 3 and rest[0] == "namespaces" and rest[2] in NAMESPACED.get(group, ()):
        namespace, rest = rest[1], rest[2:]
    known = (*NAMESPACED.get(group, ()), *CLUSTER_WIDE.get(group, ()))
    if not rest or rest[0] not in known or len(rest) > 3:
        return None
    resource, name, subresource = (*rest, "", "")[:3]
    verb = _verb(method, name, query)
    if verb is None or (name and not namespace and resource not in CLUSTER_WIDE.get(group, ())):
        return None
    return Request(verb, group, resource, subresource, namespace, name), query


def _verb(method: str, name: str, query: dict[str, str]) -> str | None:
    if method == "GET":
        if query.get("watch") in ("1", "true"):
            return "watch"
        return "get" if name else "list"
    return {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(method)
