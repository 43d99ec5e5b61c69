"""Actuator `kubernetes`: restarts, scales and rolls back workloads, ends and isolates pods, and drains nodes, each
once.

Read top-down: `declaration` (the verbs), `actuator` (the host's side), `acts` (what a verb is), `course` (how a change
happens once), then the verbs: `workloads` with `rollout`, `unmade` and `revisions`, `pods`, `nodes`, `isolation`,
`evidence` with `described`. `store`, which `schemas.cluster.reflector` keeps in step, and `targets` make the inventory,
`api` and `config` the requests, `permissions` the rights that all that needs. The client library is an extra and is
imported only where a client is made.
"""

from actuators.kubernetes.config import KubernetesConfig, NoClient
from actuators.kubernetes.declaration import VERBS
from schemas.plugins import Actuator, ActuatorContext, ActuatorSpec

EXAMPLE = """\
kubernetes:
  kubeconfig: /etc/reflexarc/kubeconfig
  namespaces: [shop]
  verbs: [restart, scale, rollback, collect]
"""


async def build(config: KubernetesConfig, context: ActuatorContext) -> Actuator:
    """See `actuators.kubernetes.actuator.build`. Raises `NoClient` too where the extra is not installed."""
    try:
        from actuators.kubernetes import actuator  # noqa: PLC0415 - the declaration can be read without the extra
    except ModuleNotFoundError as error:
        raise NoClient(f"actuator kubernetes: {error}: pip install 'reflexarc[kubernetes]'") from error
    return await actuator.build(config, context)


SPEC = ActuatorSpec(
    name="kubernetes",
    summary="Acts on workloads, pods and nodes of a Kubernetes cluster.",
    config=KubernetesConfig,
    verbs=VERBS,
    build=build,
    example=EXAMPLE,
)
