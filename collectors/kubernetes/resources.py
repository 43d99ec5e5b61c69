"""The collections of the API that are followed, and where they are. Pure: names and paths, no requests."""

from schemas.kubernetes import Object, Resource

Key = tuple[str, str]
"""Namespace and name."""


EVENTS = Resource("", "v1", "events")

MEASURED = {
    resource.plural: resource
    for resource in (
        Resource("", "v1", "pods"),
        Resource("", "v1", "nodes", namespaced=False),
        Resource("apps", "v1", "deployments"),
        Resource("apps", "v1", "replicasets"),
        Resource("apps", "v1", "statefulsets"),
        Resource("apps", "v1", "daemonsets"),
        Resource("batch", "v1", "jobs"),
        Resource("batch", "v1", "cronjobs"),
        Resource("autoscaling", "v2", "horizontalpodautoscalers"),
        Resource("policy", "v1", "poddisruptionbudgets"),
    )
}
"""Those with metrics, by their plural."""


def key_of(found: Object) -> Key:
    meta = found["metadata"]
    return str(meta.get("namespace", "")), str(meta["name"])


def version_of(found: Object) -> int:
    """The resource version, which grows with each change of anything; 0 where it is no number."""
    return number_of(str(found["metadata"].get("resourceVersion", "")))


def number_of(version: str) -> int:
    """Versions are numbers; 0 stands for one that is none."""
    return int(version) if version.isascii() and version.isdigit() else 0
