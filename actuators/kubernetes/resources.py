"""The kinds of things that are acted on, and where the API has them. Pure: names and paths, no requests."""

import re
from dataclasses import dataclass

from schemas.kubernetes import Object, Resource

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")

PODS = Resource("", "v1", "pods")
NODES = Resource("", "v1", "nodes", namespaced=False)
EVENTS = Resource("", "v1", "events")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
STATEFUL_SETS = Resource("apps", "v1", "statefulsets")
DAEMON_SETS = Resource("apps", "v1", "daemonsets")
REPLICA_SETS = Resource("apps", "v1", "replicasets")
REVISIONS = Resource("apps", "v1", "controllerrevisions")
POLICIES = Resource("networking.k8s.io", "v1", "networkpolicies")

KINDS = {
    "deployment": DEPLOYMENTS,
    "statefulset": STATEFUL_SETS,
    "daemonset": DAEMON_SETS,
    "replicaset": REPLICA_SETS,
    "pod": PODS,
    "node": NODES,
}
"""By the kind in a target's id."""
ISOLATED = "isolated-"
"""Before the kind of a target that is an isolation."""


class BadTarget(ValueError):
    """No id of a target."""


@dataclass(frozen=True, slots=True)
class Ref:
    """One object. `kind` is a key of `KINDS`."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, target: str) -> "Ref":
        """From `deployment:shop/web`, `node:n1` or `isolated-pod:shop/web-1`. Raises `BadTarget`."""
        kind, _, name = target.partition(":")
        kind = kind.removeprefix(ISOLATED)
        resource = KINDS.get(kind)
        parts = name.split("/")
        if resource is None or len(parts) != 1 + resource.namespaced or not all(map(_NAME.fullmatch, parts)):
            raise BadTarget(f"no target of Kubernetes: {target!r}")
        return cls(kind, parts[0] if resource.namespaced else "", parts[-1])

    @property
    def resource(self) -> Resource:
        return KINDS[self.kind]

    @property
    def path(self) -> str:
        return self.resource.path(self.namespace, self.name)

    @property
    def id(self) -> str:
        """Of the target."""
        return f"{self.kind}:{self.namespace}/{self.name}" if self.namespace else f"{self.kind}:{self.name}"


def labels_of(found: Object) -> dict[str, str]:
    labels: dict[str, str] = found["metadata"].get("labels") or {}
    return labels


def annotations_of(found: Object) -> dict[str, str]:
    annotations: dict[str, str] = found["metadata"].get("annotations") or {}
    return annotations


def controller_of(found: Object) -> Object | None:
    """The reference to what controls the object."""
    references: list[Object] = found["metadata"].get("ownerReferences") or []
    return next((each for each in references if each.get("controller")), None)


def selector_text(selector: Object) -> str:
    """A selector of an object as a query's `labelSelector`."""
    parts = [f"{name}={value}" for name, value in sorted((selector.get("matchLabels") or {}).items())]
    for each in selector.get("matchExpressions") or ():
        name, values = each["key"], ",".join(each.get("values") or ())
        parts.append(
            {
                "In": f"{name} in ({values})",
                "NotIn": f"{name} notin ({values})",
                "Exists": name,
                "DoesNotExist": f"!{name}",
            }[each["operator"]]
        )
    return ",".join(parts)
