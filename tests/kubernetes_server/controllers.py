"""What the controllers of a cluster would do next. `step` lets each do one thing, so that a client sees what is
between.

Images and commands decide on the fate of containers: one with `bad` in it cannot be pulled, one with `crash` exits
again and again, one with `unready` runs and does not become ready. A rollout without progress for
`PATIENCE` steps has exceeded its deadline.
"""

from tests.kubernetes_server import controlled, deploying, kubelet
from tests.kubernetes_server.state import Cluster

_ENOUGH = 500


def step(cluster: Cluster) -> bool:
    """One round; whether anything changed."""
    before = cluster.version
    if before == cluster.rested:
        return False
    _welcome(cluster)
    deploying.step(cluster)
    controlled.step(cluster)
    kubelet.step(cluster)
    _collect_garbage(cluster)
    if cluster.version == before:
        cluster.rested = before
    return cluster.version != before


def settle(cluster: Cluster) -> None:
    """Until nothing changes any more."""
    for _ in range(_ENOUGH):
        if not step(cluster):
            return
    raise AssertionError("the cluster does not come to rest")


def _welcome(cluster: Cluster) -> None:
    """Each namespace gets the service account that its pods run as, a moment after it was made."""
    for found in cluster.all("namespaces"):
        name = found["metadata"]["name"]
        if cluster.find("serviceaccounts", name, "default") is None:
            cluster.create("serviceaccounts", {"metadata": {"name": "default"}}, name)


def _collect_garbage(cluster: Cluster) -> None:
    uids = {found["metadata"]["uid"] for found in cluster.objects.values()}
    for (resource, _, _), found in list(cluster.objects.items()):
        owners = found["metadata"].get("ownerReferences", ())
        if owners and not any(owner["uid"] in uids for owner in owners):
            cluster.delete(resource, found["metadata"].get("namespace", ""), found["metadata"]["name"])
