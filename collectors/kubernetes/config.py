"""Which cluster is followed, what of it, and how soon."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from collectors.kubernetes.resources import MEASURED
from schemas.plugins import PluginConfig

JOB = "kube-state-metrics"


def _resource(name: str) -> str:
    if name not in MEASURED:
        raise ValueError(f"expected one of {', '.join(MEASURED)}, got {name}")
    return name


ResourceName = Annotated[str, AfterValidator(_resource)]


class KubernetesConfig(PluginConfig):
    """`kubeconfig` is the path of a kubeconfig, of which `context` is used or the current one; without it the service
    account of the pod that we run in. Credentials stay there. One agent for each cluster is enough: a second would say
    everything twice.

    Only things in `namespaces` are followed, in all of them where it is empty; nodes are in none and always are. Of the
    `resources` there are metrics, of all by default. `metric_labels_allowlist` says by resource which labels of the
    things become labels of `kube_pod_labels` and its like (`"*"` for all); `labels` are put on every series and into
    every event, such as `{cluster = "prod"}`. Unless `events` is off, Kubernetes' Events are events.

    All series are sent every `interval_s`, by default that of the agent; what has changed is sent after `quiet_s`, with
    what changes meanwhile. The first failed request is tried again after `retry_s`, then less and less often; one is
    given up after `request_timeout_s`, and a watch after `silent_s` without a word; one that has nothing to tell is
    ended and resumed before. Series of what could not be followed for `lost_s` end, for nobody knows whether they still
    hold, and `up` is 0.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    resources: tuple[ResourceName, ...] = tuple(MEASURED)
    metric_labels_allowlist: Mapping[ResourceName, tuple[str, ...]] = {}
    labels: Mapping[str, str] = {}
    events: bool = True
    interval_s: float | None = Field(default=None, gt=0)
    quiet_s: float = Field(default=0.5, ge=0)
    request_timeout_s: float = Field(default=10.0, gt=0)
    retry_s: float = Field(default=0.2, gt=0)
    silent_s: float = Field(default=100.0, gt=0)
    lost_s: float = Field(default=30.0, ge=0)

    @model_validator(mode="after")
    def _installed(self) -> Self:
        if find_spec("kubernetes") is None:
            raise ValueError("kubernetes is not installed: install reflexarc[kubernetes]")
        return self


def common(config: KubernetesConfig, node: str) -> dict[str, str]:
    """The labels of every series."""
    return {"job": JOB, **config.labels, "instance": node}
