"""A stateful stand-in for the Kubernetes API server, over HTTP on loopback: what is asked of it is what was meant for a
real one, and it keeps what it is told.

Read top-down: `server` (sockets and HTTP), `handlers` (a request to an answer), `paths` (URLs), `state` (objects with
resource versions, generations, optimistic concurrency and a log to watch), `validation` and `statuses` (what is
refused, and how), `patches`, `selectors`, `controllers` (what the controllers and kubelets of a cluster would do
next), `objects` (manifests to begin with), `faults` (what goes wrong, from a seed) and `rbac` (who may). It models
what a client can tell apart, no more; `make test-kubernetes` asks a real one.
"""

from tests.kubernetes_server.faults import GARBLED, NO_FAULTS, Faults
from tests.kubernetes_server.paths import Request
from tests.kubernetes_server.server import KubernetesServer
from tests.kubernetes_server.state import Cluster
from tests.kubernetes_server.statuses import ApiStatus

__all__ = ["GARBLED", "NO_FAULTS", "ApiStatus", "Cluster", "Faults", "KubernetesServer", "Request"]
