"""The verbs, as they are declared: targets, conditions, and what each must be permitted to do in the cluster."""

from schemas.plugins import VerbSpec

_DEPLOYMENT = ("namespace", "deployment")
_STATEFUL_SET = ("namespace", "statefulset")
_DAEMON_SET = ("namespace", "daemonset")
_REPLICA_SET = ("namespace", "replicaset")
_POD = ("namespace", "pod")
_NODE = ("node",)

_ROLLED = {"deployment": _DEPLOYMENT, "statefulset": _STATEFUL_SET, "daemonset": _DAEMON_SET}
_ISOLABLE = {"pod": _POD, "deployment": _DEPLOYMENT, "statefulset": _STATEFUL_SET}

READ = (
    "pods: list, watch",
    "deployments.apps: list, watch",
    "statefulsets.apps: list, watch",
    "daemonsets.apps: list, watch",
    "replicasets.apps: list, watch",
    "controllerrevisions.apps: list, watch",
    "nodes: list, watch",
)
"""What is needed to know what there is, whatever the verbs."""
_ROLL = (
    "deployments.apps: get, patch",
    "statefulsets.apps: get, patch",
    "daemonsets.apps: get, patch",
    "pods: list, delete",
    "events: list",
)

VERBS = (
    VerbSpec(
        name="restart",
        summary="Start the pods of a workload anew, as `kubectl rollout restart` does, and wait until they are "
        "available.",
        targets=_ROLLED,
        condition=("uid", "generation"),
        timeout_ms=600_000,
        disrupts="one",
        permissions=_ROLL,
    ),
    VerbSpec(
        name="scale",
        summary="Have this number of replicas, and wait until they are available.",
        targets={"deployment": _DEPLOYMENT, "statefulset": _STATEFUL_SET, "replicaset": _REPLICA_SET},
        required=("replicas",),
        integers=("replicas",),
        condition=("uid", "generation"),
        timeout_ms=600_000,
        undo="scale",
        undo_args={"replicas": "replicas"},
        disrupts="fewer",
        permissions=(
            "deployments.apps: get, patch",
            "statefulsets.apps: get, patch",
            "replicasets.apps: get, patch",
            "pods: list",
            "events: list",
        ),
    ),
    VerbSpec(
        name="rollback",
        summary="Return to an earlier revision, by default the one before the present one, and wait until it is "
        "available.",
        targets=_ROLLED,
        optional=("to",),
        condition=("uid", "revision"),
        absolute={"to": "previous_revision"},
        timeout_ms=600_000,
        undo="rollback",
        undo_args={"to": "revision"},
        disrupts="one",
        permissions=(*_ROLL, "replicasets.apps: list", "controllerrevisions.apps: list"),
    ),
    VerbSpec(
        name="evict",
        summary="End a pod as far as its PodDisruptionBudget allows, waiting for leave, and wait until it is gone.",
        targets={"pod": _POD},
        optional=("grace_period_s",),
        integers=("grace_period_s",),
        condition=("uid",),
        timeout_ms=300_000,
        permissions=("pods: get", "pods/eviction: create", "events: create, get"),
    ),
    VerbSpec(
        name="delete_pod",
        summary="End a pod whatever its PodDisruptionBudget says, and wait until it is gone.",
        targets={"pod": _POD},
        optional=("grace_period_s",),
        integers=("grace_period_s",),
        condition=("uid",),
        timeout_ms=300_000,
        permissions=("pods: get, delete", "events: create, get"),
    ),
    VerbSpec(
        name="cordon",
        summary="Let no new pods onto a node.",
        targets={"node": _NODE},
        condition=("uid",),
        timeout_ms=60_000,
        undo="uncordon",
        disrupts="none",
        permissions=("nodes: get, patch",),
    ),
    VerbSpec(
        name="uncordon",
        summary="Let new pods onto a node again.",
        targets={"node": _NODE},
        condition=("uid",),
        timeout_ms=60_000,
        disrupts="none",
        permissions=("nodes: get, patch",),
    ),
    VerbSpec(
        name="drain",
        summary="Cordon a node and evict its pods as their PodDisruptionBudgets allow, but for those of DaemonSets and "
        "of the node itself. Pods without a controller or with an `emptyDir` volume keep it from beginning, unless "
        "`force` or `delete_emptydir_data` is `true`.",
        targets={"node": _NODE},
        optional=("force", "delete_emptydir_data", "grace_period_s"),
        integers=("grace_period_s",),
        condition=("uid",),
        timeout_ms=1_800_000,
        undo="uncordon",
        disrupts="hosted",
        permissions=("nodes: get, patch", "pods: get, list", "pods/eviction: create"),
    ),
    VerbSpec(
        name="isolate",
        summary="Cut a pod off by a NetworkPolicy and take it out of rotation, so that another takes its place and it "
        "stays as evidence; or cut off all pods of a deployment or statefulset.",
        targets=_ISOLABLE,
        condition=("uid",),
        timeout_ms=60_000,
        undo="release",
        permissions=(
            "pods: get, patch",
            "deployments.apps: get, patch",
            "statefulsets.apps: get, patch",
            "networkpolicies.networking.k8s.io: create, get",
        ),
    ),
    VerbSpec(
        name="release",
        summary="Undo an isolation.",
        targets={f"isolated-{kind}": names for kind, names in _ISOLABLE.items()},
        condition=("uid", "quarantine"),
        timeout_ms=60_000,
        disrupts="none",
        permissions=(
            "pods: get, patch",
            "deployments.apps: get, patch",
            "statefulsets.apps: get, patch",
            "networkpolicies.networking.k8s.io: get, delete",
        ),
    ),
    VerbSpec(
        name="collect",
        summary="Keep evidence of a workload or a pod, and of the nodes that it is on: `manifests`, `describe`, "
        "`events` and `logs`, by default all. Values of an environment are left out, and Secrets are never read.",
        targets={**_ROLLED, "pod": _POD},
        optional=("evidence", "events", "event"),
        lists=("evidence", "events"),
        from_alert=("events", "event"),
        timeout_ms=120_000,
        changes_target=False,
        looks=True,
        disrupts="none",
        permissions=(
            "pods: get, list",
            "pods/log: get",
            "events: list",
            "deployments.apps: get",
            "statefulsets.apps: get",
            "daemonsets.apps: get",
            "nodes: get",
        ),
    ),
)
"""In the order of the reference."""
TIMEOUT_S = {verb.name: verb.timeout_ms / 1000 for verb in VERBS}
