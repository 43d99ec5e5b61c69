"""The collections of the API that are followed, and where they are. Pure: names and paths, no requests."""

from schemas.kubernetes import Resource

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
