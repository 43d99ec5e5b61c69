"""Objects of the API as targets: what conditions, the core's limits and people may know of each. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from actuators.kubernetes.marks import CORDONED_BY, PROTECTED, QUARANTINE
from actuators.kubernetes.resources import ISOLATED, KINDS, Ref, annotations_of, controller_of, labels_of
from actuators.kubernetes.revisions import REVISION, current, previous, revisions
from actuators.kubernetes.rollout import is_ending, is_ready
from schemas.inventory import Target
from schemas.kubernetes import Object

Known = Mapping[str, Mapping[tuple[str, str], Object]]
"""Objects by (namespace, name), by plural."""
_MIRROR = "kubernetes.io/config.mirror"
_ENDED = ("Succeeded", "Failed")
_WORKLOADS = {kind: KINDS[kind].plural for kind in ("deployment", "statefulset", "daemonset", "replicaset")}


def attributes(kind: str, found: Object) -> dict[str, Any]:
    """What an object says of itself."""
    about: dict[str, Any] = {"uid": found["metadata"]["uid"]}
    if kind == "node":
        cordoned = bool((found.get("spec") or {}).get("unschedulable"))
        by = annotations_of(found).get(CORDONED_BY) if cordoned else None
        return about | {"unschedulable": cordoned, "cordoned_by": by, "ready": is_ready(found)}
    quarantine = annotations_of(found).get(QUARANTINE)
    about |= {"isolated": quarantine is not None, "quarantine": quarantine}
    status, spec = found.get("status") or {}, found.get("spec") or {}
    if kind == "pod":
        phase = "Terminating" if is_ending(found) else status.get("phase", "Pending")
        return about | {"phase": phase, "ready": is_ready(found) and not is_ending(found), "node": spec.get("nodeName")}
    about["generation"] = found["metadata"].get("generation", 0)
    if kind == "daemonset":
        counts = {
            "replicas": "desiredNumberScheduled",
            "ready_replicas": "numberReady",
            "available_replicas": "numberAvailable",
        }
        return about | {name: status.get(field, 0) for name, field in counts.items()}
    if kind == "deployment":
        about["revision"] = annotations_of(found).get(REVISION)
    about |= {"replicas": spec.get("replicas", 1), "ready_replicas": status.get("readyReplicas", 0)}
    return about | {"available_replicas": status.get("availableReplicas", 0), "paused": bool(spec.get("paused"))}


def stays(pod: Object) -> bool:
    """Where its node is drained: one of a DaemonSet, which would bring it back, or of the node itself; what has ended
    is in nobody's way."""
    control = controller_of(pod)
    ended = (pod.get("status") or {}).get("phase") in _ENDED
    return ended or _MIRROR in annotations_of(pod) or (control is not None and control["kind"] == "DaemonSet")


class Catalogue:
    """Makes targets of the objects that are known. `service_label` is the label that says of what service each is;
    where everything is known, that is `complete`, so that what a node hosts is too."""

    def __init__(
        self, known: Known, service_label: str, protected_namespaces: Iterable[str], *, complete: bool = True
    ) -> None:
        self._known = known
        self._complete = complete
        self._service_label = service_label
        self._protected = frozenset(protected_namespaces)
        self._owners: dict[str, Target] = {}
        self._kept: dict[str, list[Object]] = defaultdict(list)
        for found in (*self._of("replicasets"), *self._of("controllerrevisions")):
            self._kept[(controller_of(found) or {}).get("uid", "")].append(found)

    def targets(self) -> Iterator[Target]:
        """In the order of kinds and names."""
        for kind, plural in _WORKLOADS.items():
            for found in self._of(plural):
                if kind != "replicaset" or controller_of(found) is None:
                    target = self._owners[f"{kind}:{'/'.join(_key(found))}"] = self._workload(kind, found)
                    yield from _with_isolation(target)
        for found in self._of("pods"):
            yield from _with_isolation(self._pod(found))
        for found in self._of("nodes"):
            yield replace(self._target(Ref("node", "", found["metadata"]["name"]), found), hosts=self._complete)

    def attributes(self, ref: Ref, found: Object) -> dict[str, Any]:
        """Of the target that this object is, whether or not it is known as it is."""
        made = self._workload(ref.kind, found) if ref.kind in _WORKLOADS else self._target(ref, found)
        return made.attributes

    def _of(self, plural: str) -> Iterator[Object]:
        known = self._known.get(plural, {})
        return (known[key] for key in sorted(known))

    def _workload(self, kind: str, found: Object) -> Target:
        target = self._target(Ref(kind, *_key(found)), found)
        about = target.attributes
        if kind != "replicaset":
            kept = revisions(found, self._kept[found["metadata"]["uid"]])
            about["revision"] = current(found, kept)
            about["previous_revision"] = previous(found, kept)
            about["revisions"] = [str(each.number) for each in kept]
        service = self._service(found)
        return replace(target, service=service, replicas=about["replicas"], healthy=about["ready_replicas"])

    def _pod(self, found: Object) -> Target:
        """With the lock and the service of the workload that it belongs to; one that is isolated serves nobody."""
        target = self._target(Ref("pod", *_key(found)), found)
        owner = self._owners.get(self._owner(found))
        if owner is None:
            return replace(target, service="" if target.attributes["isolated"] else self._service(found))
        return replace(
            target,
            lock=owner.id,
            owner=owner.id,
            service=owner.service,
            replicas=1,
            healthy=int(target.attributes["ready"]),
            on="" if stays(found) or not target.attributes["node"] else f"node:{target.attributes['node']}",
            protected=target.protected or owner.protected,
        )

    def _target(self, ref: Ref, found: Object) -> Target:
        about = attributes(ref.kind, found)
        if ref.namespace:
            about["namespace"] = ref.namespace
        protected = ref.namespace in self._protected or annotations_of(found).get(PROTECTED) == "true"
        return Target(id=ref.id, lock=ref.id, attributes=about, protected=protected)

    def _service(self, found: Object) -> str:
        """In its namespace, since the same name in another is another service; nothing where no label tells."""
        matched = ((found.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        labels = {**matched, **labels_of(found)}
        name = labels.get(self._service_label) or labels.get("app")
        return f"{found['metadata']['namespace']}/{name}" if name else ""

    def _owner(self, pod: Object) -> str:
        """The id of the workload that a pod belongs to in the end."""
        namespace, control = pod["metadata"]["namespace"], controller_of(pod)
        if control is not None and control["kind"] == "ReplicaSet":
            own = self._known.get("replicasets", {}).get((namespace, control["name"]))
            control = (controller_of(own) if own else None) or control
        return f"{control['kind'].lower()}:{namespace}/{control['name']}" if control else ""


def _with_isolation(target: Target) -> Iterator[Target]:
    """The target, and beside it what isolates it: that is what a release acts on."""
    yield target
    if target.attributes["isolated"]:
        about = isolation(target.attributes)
        yield Target(id=ISOLATED + target.id, lock=target.lock, attributes=about, protected=target.protected)


def isolation(about: Mapping[str, Any]) -> dict[str, Any]:
    """Of what is isolated, the attributes of its isolation."""
    return {name: about[name] for name in ("uid", "quarantine", "namespace")}


def _key(found: Object) -> tuple[str, str]:
    return found["metadata"]["namespace"], found["metadata"]["name"]
