"""How the actuator is configured, and how a client comes from that. Credentials are read where they lie, and told
nowhere."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from actuators.kubernetes.declaration import VERBS
from schemas.cluster import client
from schemas.plugins import PluginConfig


def _verb(name: str) -> str:
    names = [verb.name for verb in VERBS]
    if name not in names:
        raise ValueError(f"expected one of {', '.join(names)}, got {name!r}")
    return name


class KubernetesConfig(PluginConfig):
    """`kubeconfig` is the path of a kubeconfig, of which `context` is used or the current one; without it the service
    account of the pod that we run in. Credentials stay there: tokens, certificates and the plugins that give them.

    Only things in `namespaces` are known and acted on, in all of them where it is empty; nothing in
    `protected_namespaces` or with the annotation `reflexarc.io/protected: "true"` is. Only `verbs` are carried out, all
    where it is empty. `service_label` says of what service something is, or else the label `app`.

    A request is given up after `request_timeout_s`. While something is waited for it is looked at every `poll_s`. A
    rollout that has made no progress for `stuck_s` is given up when its pods cannot start. Of each kind of evidence so
    much is kept as `evidence_limit_bytes`. News of the cluster are told together after `quiet_s`. The first failed
    request is tried again after `retry_s`, and then less and less often.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    protected_namespaces: tuple[str, ...] = ("kube-system", "kube-public", "kube-node-lease")
    verbs: tuple[Annotated[str, AfterValidator(_verb)], ...] = ()
    service_label: str = "app.kubernetes.io/name"
    request_timeout_s: float = Field(default=10.0, gt=0)
    poll_s: float = Field(default=1.0, gt=0)
    retry_s: float = Field(default=0.2, gt=0)
    stuck_s: float = Field(default=30.0, ge=0)
    quiet_s: float = Field(default=0.3, ge=0)
    evidence_limit_bytes: int = Field(default=1 << 20, ge=1024)


class NoClient(Exception):
    """The client library is not installed, or the kubeconfig does not say how to reach a cluster."""


async def client_of(config: KubernetesConfig) -> client.Client:
    """A client for the cluster. Raises `NoClient`, which says what to do."""
    try:
        return await client.client_of(config.kubeconfig, config.context)
    except client.NoCluster as error:
        raise NoClient(f"actuator kubernetes: {error}") from error
