"""How a cluster is reached: as a kubeconfig says, or the service account of a pod, and who we are to it.

Connections and TLS are the official client's, in its asynchronous form, so that what is no longer wanted ends at once.
It is an extra, and imported only where a client is made. Credentials are read where they lie, and read again: before
they expire, where a plugin says when, and once the server no longer takes them, or we no longer take its own. A token
or a certificate that is replaced in its file, and one that a plugin gives for a quarter of an hour, are as good as one
that lasts.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    import aiohttp
    from kubernetes.aio.client.api_client import ApiClient
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.client.rest import RESTResponse

_UNAUTHORIZED = 401
_PLUGIN_S = 30.0
"""A plugin that has not answered by then gives no credentials."""
_EARLY = timedelta(seconds=30)
"""So long before they expire credentials are renewed."""


class NoCluster(Exception):
    """The kubeconfig, or the pod, does not say how to reach a cluster, or as whom."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a kubeconfig says now. `certificates` are the contents of our own, its key, and those of the authorities
    that the server's may be from; `expires` is of the credentials, where that is known."""

    settings: "Configuration"
    certificates: tuple[bytes, ...]
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """Who we are: by the headers of a request, and by the certificates of the connections that it goes by."""

    official: "ApiClient"
    headers: Mapping[str, str]


class Client:
    """The official client, which `make` makes, known by credentials that are renewed by `load`."""

    def __init__(
        self, make: Callable[["Configuration"], "ApiClient"], load: Callable[[], Awaitable[Loaded]], found: Loaded
    ) -> None:
        self.official = make(found.settings)
        self._make = make
        self._former: ApiClient | None = None
        """Whose connections have the certificates of before; watches may go on by them."""
        self._load = load
        self._expires = found.expires
        self._certificates = found.certificates
        self._renewing = asyncio.Lock()

    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: Any, limits: "aiohttp.ClientTimeout"
    ) -> "RESTResponse":
        """The answer, whatever it says. One that only says that our credentials are no longer taken did nothing, and is
        asked for again if there are others; and so where there is no connection because of certificates. Raises
        `NoCluster`, and what the transport raises.
        """
        if self._expires is not None and self._expires - _EARLY <= datetime.now(UTC):
            await self._renewed(await self._known())
        known = await self._known()
        try:
            response = await _send(known, method, path, headers, body, limits)
        except ssl.SSLError:
            if not await self._renewed(known):
                raise
        else:
            if response.status != _UNAUTHORIZED or not await self._renewed(known):
                return response
            response.response.close()
        return await _send(await self._known(), method, path, headers, body, limits)

    async def close(self) -> None:
        await self.official.close()
        if self._former:
            await self._former.close()

    async def _known(self) -> _Known:
        try:
            found = await self.official.configuration.auth_settings()
        except Exception as error:  # The token of a pod may be unreadable in any way.
            raise NoCluster(f"no credentials: {type(error).__name__}") from None
        return _Known(self.official, {each["key"]: each["value"].strip() for each in found.values() if each["value"]})

    async def _renewed(self, used: _Known) -> bool:
        """Whether there are other credentials than those used, after they were read anew. Raises `NoCluster`."""
        async with self._renewing:
            if await self._known() == used:
                found = await self._load()
                if used.headers and not found.settings.api_key:
                    raise NoCluster("no credentials: the plugin or file that the kubeconfig names gave none")
                await self._take(found)
            return await self._known() != used

    async def _take(self, found: Loaded) -> None:
        if found.certificates != self._certificates:
            if self._former:
                await self._former.close()
            self._former, self.official = self.official, self._make(found.settings)
        self._expires, self._certificates = found.expires, found.certificates
        self.official.configuration.api_key = found.settings.api_key
        self.official.configuration.refresh_api_key_hook = found.settings.refresh_api_key_hook


async def _send(
    known: _Known,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: Any,
    limits: "aiohttp.ClientTimeout",
) -> "RESTResponse":
    url = known.official.configuration.host + path
    client = known.official.rest_client
    answer: RESTResponse = await client.request(
        method, url, {**headers, **known.headers}, body, _request_timeout=limits
    )
    return answer


async def client_of(kubeconfig: Path | None, context: str | None) -> Client:
    """A client for the cluster of that context, or of the pod that we run in. Raises `NoCluster`."""
    from kubernetes.aio.client.api_client import ApiClient  # noqa: PLC0415 - only who works with a cluster has the extra

    load = partial(_loaded, kubeconfig, context)
    found = await load()
    return Client(ApiClient, load, found)


async def _loaded(kubeconfig: Path | None, context: str | None) -> Loaded:
    from kubernetes.aio import config as loading  # noqa: PLC0415
    from kubernetes.aio.client.configuration import Configuration  # noqa: PLC0415

    settings = Configuration()
    settings.connection_pool_maxsize = 0  # Each watch keeps a connection: how many is for the configuration to say.
    settings.disable_strict_ssl_verification = True  # Go's clients, and so kubectl, do not ask authorities for more.
    expires = None
    try:
        if kubeconfig is None:
            loading.load_incluster_config(client_configuration=settings)
        else:
            async with asyncio.timeout(_PLUGIN_S):
                loader = await loading.load_kube_config(str(kubeconfig), context, settings, persist_config=False)
            expires = getattr(loader, "exec_plugin_expiry", None)
        files = (settings.cert_file, settings.key_file, settings.ssl_ca_cert)
        certificates = tuple(Path(file).read_bytes() for file in files if file)
    except (loading.ConfigException, OSError, yaml.YAMLError, LookupError, TypeError, ValueError) as error:
        told = str(error) or type(error).__name__
        raise NoCluster(f"{kubeconfig or 'the service account of the pod'}: {told}") from error
    return Loaded(settings, certificates, expires)
