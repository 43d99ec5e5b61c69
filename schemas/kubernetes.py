"""A cluster's API as all who use it know it: objects are the JSON that they are, collections of them have paths, and a
client reaches the server as a kubeconfig says, or the service account of a pod.

Connections, TLS, credentials and their renewal are the official client's, in its asynchronous form, so that what is no
longer wanted ends at once. It is an extra, and imported only where a client is made.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from kubernetes.aio.client.api_client import ApiClient

Object = dict[str, Any]
"""An object of the API, as JSON."""


class NoCluster(Exception):
    """The kubeconfig, or the pod, does not say how to reach a cluster, or as whom."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the API. `group` is empty for the core."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of a collection, an object or a subresource; without `namespace`, of all namespaces."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace:
            parts += ["namespaces", namespace]
        parts += [self.plural, *filter(None, (name, subresource))]
        return "".join(f"/{quote(part, safe='')}" for part in parts)

    @property
    def permission(self) -> str:
        """As a rule of RBAC and `kubectl` name it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def is_event(event: Object) -> bool:
    """Whether it is one of a watch, with an object that has a name and a version, or that is a bookmark."""
    found = event.get("object")
    meta = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(meta, dict) or not meta.get("resourceVersion"):
        return False
    return event.get("type") == "BOOKMARK" or bool(event.get("type") and meta.get("name") and meta.get("uid"))


async def client_of(kubeconfig: Path | None, context: str | None, connections: int | None = None) -> "ApiClient":
    """A client for the cluster of that context, or of the pod that we run in. It has at most so many connections at
    once, 0 for any number, by default as many as the official client thinks right. Raises `NoCluster`.
    """
    from kubernetes.aio import config as loading  # noqa: PLC0415 - only who works with a cluster has the extra
    from kubernetes.aio.client.api_client import ApiClient  # noqa: PLC0415
    from kubernetes.aio.client.configuration import Configuration  # noqa: PLC0415

    settings = Configuration()
    try:
        if kubeconfig is None:
            loading.load_incluster_config(client_configuration=settings)
        else:
            await loading.load_kube_config(str(kubeconfig), context, settings, persist_config=False)
    except (loading.ConfigException, OSError) as error:
        raise NoCluster(f"{kubeconfig or 'the service account of the pod'}: {error}") from error
    if connections is not None:
        settings.connection_pool_maxsize = connections
    return ApiClient(settings)


async def credentials_of(client: "ApiClient") -> dict[str, str]:
    """The headers by which we are known; asked for each time, since they are renewed. Raises `NoCluster`."""
    try:
        found = await client.configuration.auth_settings()
    except Exception as error:  # Of the plugin that a kubeconfig names: anything.
        raise NoCluster(f"no credentials: {type(error).__name__}") from None
    return {each["key"]: each["value"] for each in found.values() if each["value"]}
