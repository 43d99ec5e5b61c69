"""Secrets of a cluster: what `kubernetes:NAMESPACE/NAME/KEY` stands for in the configuration of any actuator.

The cluster is that of `KUBECONFIG` in the service's environment, or of the pod that it runs in. Its account needs the
right to `get` that Secret by name, which the roles for acts do not give.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path

from schemas.secrets import SecretUnavailable

TIMEOUT_S = 10.0
_NOT_FOUND = 404


async def resolve(reference: str, env: Mapping[str, str] = os.environ) -> str:
    """The value of `NAMESPACE/NAME/KEY`. Raises `SecretUnavailable`, whose message holds no value."""
    try:
        # Found on every machine with an actuator service, of which few have the extra.
        from actuators.kubernetes.config import KubernetesConfig, NoClient, client_of  # noqa: PLC0415
        from schemas.cluster.api import Reader, RequestFailed  # noqa: PLC0415
    except ImportError:
        raise SecretUnavailable(f"kubernetes:{reference}: needs the extra reflexarc[kubernetes]") from None
    namespace, name, key = reference.split("/")
    kubeconfig = env.get("KUBECONFIG")
    try:
        client = await client_of(KubernetesConfig(kubeconfig=Path(kubeconfig) if kubeconfig else None))
    except NoClient as error:
        raise SecretUnavailable(f"kubernetes:{reference}: {error}") from None
    api = Reader(client, TIMEOUT_S)
    try:
        found = await api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
    except RequestFailed as error:
        raise SecretUnavailable(f"kubernetes:{reference}: {error}") from None
    finally:
        await api.close()
    return _value(reference, (found.get("data") or {}).get(key))


def _value(reference: str, encoded: object) -> str:
    if not isinstance(encoded, str):
        raise SecretUnavailable(f"kubernetes:{reference}: the Secret has no such key")
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise SecretUnavailable(f"kubernetes:{reference}: the value is no text") from None
