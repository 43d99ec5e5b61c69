"""Every verb of the actuator on every kind of target, with what counts as its effect and what it wants."""

from typing import Any

from tests.actuators.kubernetes.once import Scenario
from tests.kubernetes_server.handlers import is_ready
from tests.kubernetes_server.owning import edit
from tests.kubernetes_server.state import Applied, Cluster, Object

QUARANTINE = "reflexarc.io/quarantine"
_PLURALS = {
    "deployment": "deployments",
    "statefulset": "statefulsets",
    "daemonset": "daemonsets",
    "replicaset": "replicasets",
}


def changed(path: str) -> Any:
    """Counts changes of a part of the specification by clients."""

    def effect(applied: Applied) -> str | None:
        if applied.before is None or applied.after is None:
            return None
        before, after = applied.before["spec"].get(path), applied.after["spec"].get(path)
        return None if before == after else applied.request.name

    return effect


def _object(cluster: Cluster, target: str) -> Object:
    kind, _, name = target.partition(":")
    return cluster.get(_PLURALS[kind], *name.split("/"))


def _rolled(target: str) -> Any:
    """All its pods are ready and carry the command's id."""

    def wanted(cluster: Cluster, by: str) -> bool:
        pods = cluster.all("pods", "shop", f"app={target.rpartition('/')[2]}")
        marks = {pod["metadata"].get("annotations", {}).get("reflexarc.io/command") for pod in pods}
        return marks == {by} and all(map(is_ready, pods))

    return wanted


def _of_size(target: str, replicas: int) -> Any:
    def wanted(cluster: Cluster, by: str) -> bool:
        return len(cluster.all("pods", "shop", f"app={target.rpartition('/')[2]}")) == replicas

    return wanted


def _runs(target: str, image: str) -> Any:
    def wanted(cluster: Cluster, by: str) -> bool:
        pods = cluster.all("pods", "shop", f"app={target.rpartition('/')[2]}")
        return {pod["spec"]["containers"][0]["image"] for pod in pods} == {image}

    return wanted


def _scale(target: str, replicas: int) -> Any:
    def since(cluster: Cluster) -> None:
        edit(cluster, _PLURALS[target.partition(":")[0]], _object(cluster, target), resized)

    def resized(found: Object) -> None:
        found["spec"]["replicas"] = replicas

    return since


def _deploy(target: str, image: str = "web:2") -> Any:
    def prepare(cluster: Cluster) -> None:
        found = _object(cluster, target)
        template = found["spec"]["template"]
        containers = [{**template["spec"]["containers"][0], "image": image}]
        changed = {**template, "spec": {"containers": containers}}
        meta = {name: value for name, value in found["metadata"].items() if name != "resourceVersion"}
        cluster.update(
            _PLURALS[target.partition(":")[0]],
            {**found, "metadata": meta, "spec": {**found["spec"], "template": changed}},
        )

    return prepare


def ended(applied: Applied) -> str | None:
    gone = applied.request.resource == "pods" and applied.after is None and applied.before
    return str(applied.before["metadata"]["uid"]) if gone and applied.before else None


def _no_pod(name: str) -> Any:
    return lambda cluster, by: cluster.find("pods", "shop", name) is None


def _cordoned(*, cordoned: bool) -> Any:
    return lambda cluster, by: bool(cluster.get("nodes", "", "n0")["spec"].get("unschedulable")) == cordoned


def _drained(cluster: Cluster, by: str) -> bool:
    pods = cluster.all("pods", fields="spec.nodeName=n0")
    return _cordoned(cordoned=True)(cluster, by) and all("agent" in pod["metadata"]["name"] for pod in pods)


def _drain_effect(applied: Applied) -> str | None:
    return ended(applied) or changed("unschedulable")(applied)


def isolation_effect(applied: Applied) -> str | None:
    if applied.request.resource == "networkpolicies":
        return f"policy {applied.request.verb}"
    if applied.before is None or applied.after is None:
        return None
    before, after = (
        each["metadata"].get("annotations", {}).get(QUARANTINE) for each in (applied.before, applied.after)
    )
    return None if before == after else "mark"


def _change(applied: Applied) -> str | None:
    """Any at all."""
    return applied.request.name


def _untouched(cluster: Cluster, by: str) -> bool:
    return not cluster.applied


def _policies(cluster: Cluster) -> list[Object]:
    return cluster.all("networkpolicies", "shop")


def _isolated_pod(cluster: Cluster, by: str) -> bool:
    pod = cluster.get("pods", "shop", "web-x")
    selected = [each["spec"]["podSelector"]["matchLabels"] == {QUARANTINE: by} for each in _policies(cluster)]
    return pod["metadata"]["labels"] == {QUARANTINE: by} and selected == [True]


def _isolated_workload(cluster: Cluster, by: str) -> bool:
    web = cluster.get("deployments", "shop", "web")
    selected = [each["spec"]["podSelector"] == web["spec"]["selector"] for each in _policies(cluster)]
    return web["metadata"]["annotations"].get(QUARANTINE) == by and selected == [True]


def _isolated_before(cluster: Cluster) -> None:
    """As an earlier command left a pod."""
    labels, owner = {QUARANTINE: "before"}, {"app": "web-x", "team": "shop"}
    annotations = {QUARANTINE: "before", "reflexarc.io/labels-before": '{"app": "web-x", "team": "shop"}'}
    assert owner["app"] == "web-x"
    _pod(cluster, labels=labels, annotations=annotations)
    policy = {"metadata": {"name": "reflexarc-before"}, "spec": {"podSelector": {"matchLabels": labels}}}
    cluster.create("networkpolicies", policy, "shop")


def _pod(cluster: Cluster, **meta: Any) -> None:
    """A pod of a known name, so that a target can be named."""
    spec = {"containers": [{"name": "main", "image": "web:1"}]}
    about = {"name": "web-x", "labels": {"app": "web-x", "team": "shop"}} | meta
    cluster.create("pods", {"metadata": about, "spec": spec}, "shop")


def _released(cluster: Cluster, by: str) -> bool:
    labels = cluster.get("pods", "shop", "web-x")["metadata"]["labels"]
    return labels == {"app": "web-x", "team": "shop"} and not _policies(cluster)


def _cordon(cluster: Cluster) -> None:
    node = cluster.get("nodes", "", "n0")
    meta = {name: value for name, value in node["metadata"].items() if name != "resourceVersion"}
    cluster.update("nodes", {**node, "metadata": meta, "spec": {"unschedulable": True}})


_ROLLED = ("deployment:shop/web", "statefulset:shop/db", "daemonset:shop/agent")
_SCALED = ("deployment:shop/web", "statefulset:shop/db", "replicaset:shop/solo")
_SIZES = {"deployment:shop/web": 3, "statefulset:shop/db": 2, "replicaset:shop/solo": 2}

SCENARIOS = (
    *(Scenario("restart", target, _rolled(target), changed("template")) for target in _ROLLED),
    *(Scenario("scale", target, _of_size(target, 4), changed("replicas"), {"replicas": 4}) for target in _SCALED),
    *(
        Scenario(
            "rollback",
            target,
            _runs(target, "web:1"),
            changed("template"),
            {"to": "1"},
            {"revision": "2"},
            _deploy(target),
        )
        for target in _ROLLED
    ),
    *(
        Scenario("scale", target, _of_size(target, size), changed("replicas"), {"replicas": 4}, undo=True)
        for target, size in _SIZES.items()
    ),
    Scenario(
        "scale",
        "deployment:shop/web",
        _of_size("deployment:shop/web", 5),
        changed("replicas"),
        {"replicas": 4},
        undo=True,
        since=_scale("deployment:shop/web", 5),
    ),
    *(
        Scenario(
            "rollback",
            target,
            _runs(target, "web:2"),
            changed("template"),
            {"to": "1"},
            {"revision": "2"},
            _deploy(target),
            undo=True,
        )
        for target in _ROLLED
    ),
    Scenario(
        "rollback",
        "deployment:shop/web",
        _runs("deployment:shop/web", "web:3"),
        changed("template"),
        {"to": "1"},
        {"revision": "2"},
        _deploy("deployment:shop/web"),
        undo=True,
        since=_deploy("deployment:shop/web", "web:3"),
    ),
    Scenario("evict", "pod:shop/web-x", _no_pod("web-x"), ended, prepare=_pod),
    Scenario("delete_pod", "pod:shop/web-x", _no_pod("web-x"), ended, prepare=_pod),
    Scenario("cordon", "node:n0", _cordoned(cordoned=True), changed("unschedulable")),
    Scenario("uncordon", "node:n0", _cordoned(cordoned=False), changed("unschedulable"), prepare=_cordon),
    Scenario("drain", "node:n0", _drained, _drain_effect),
    Scenario("isolate", "pod:shop/web-x", _isolated_pod, isolation_effect, prepare=_pod),
    Scenario("isolate", "deployment:shop/web", _isolated_workload, isolation_effect),
    Scenario(
        "release",
        "isolated-pod:shop/web-x",
        _released,
        isolation_effect,
        condition={"quarantine": "before"},
        prepare=_isolated_before,
    ),
    # What is done is kept beside the cluster: `once` looks whether it is there once, and tells all.
    *(
        Scenario("collect", target, _untouched, _change, prepare=_pod)
        for target in ("statefulset:shop/db", "pod:shop/web-x")
    ),
)
