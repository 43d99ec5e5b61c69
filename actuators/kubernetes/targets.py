"""Objects of the API as targets: what conditions, the core's limits and people may know of each. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from actuators.kubernetes.marks import CORDONED_BY, PROTECTED, QUARANTINE
from actuators.kubernetes.resources import ISOLATED, Object, Ref, annotations_of, controller_of, labels_of
from actuators.kubernetes.revisions import REVISION, current, previous, revisions
from actuators.kubernetes.rollout import is_ending, is_ready
from schemas.inventory import Target

Known = Mapping[str, Mapping[tuple[str, str], Object]]
"""Objects by (namespace, name), by plural."""
_OF_KIND = {"Deployment": "deployment", "StatefulSet": "statefulset", "DaemonSet": "daemonset"}


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
        counts = {"replicas": "desiredNumberScheduled", "ready": "numberReady", "available": "numberAvailable"}
        return about | {name: status.get(field, 0) for name, field in counts.items()}
    if kind == "deployment":
        about["revision"] = annotations_of(found).get(REVISION)
    about |= {"replicas": spec.get("replicas", 1), "ready": status.get("readyReplicas", 0)}
    return about | {"available": status.get("availableReplicas", 0), "paused": bool(spec.get("paused"))}


class Catalogue:
    """Makes targets of the objects that are known. `service_label` is the label that says of what service each is."""

    def __init__(self, known: Known, service_label: str, protected_namespaces: Iterable[str]) -> None:
        self._known = known
        self._service_label = service_label
        self._protected = frozenset(protected_namespaces)

    def targets(self) -> Iterator[Target]:
        """In the order of kinds and names."""
        kept: dict[str, list[Object]] = defaultdict(list)
        for found in (*self._of("replicasets"), *self._of("controllerrevisions")):
            kept[(controller_of(found) or {}).get("uid", "")].append(found)
        for kind, plural in (
            ("deployment", "deployments"),
            ("statefulset", "statefulsets"),
            ("daemonset", "daemonsets"),
        ):
            for found in self._of(plural):
                yield from self._workload(kind, found, kept[found["metadata"]["uid"]])
        for found in self._of("replicasets"):
            if controller_of(found) is None:
                yield from self._made("replicaset", found, {}, "")
        for found in self._of("pods"):
            owner = self._owner(found)
            yield from self._made("pod", found, {"owner": owner}, owner or "")
        for found in self._of("nodes"):
            yield from self._made("node", found, {}, "")

    def _of(self, plural: str) -> Iterator[Object]:
        known = self._known.get(plural, {})
        return (known[key] for key in sorted(known))

    def _workload(self, kind: str, found: Object, sources: Iterable[Object]) -> Iterator[Target]:
        kept = revisions(found, sources)
        more = {
            "revision": current(found, kept),
            "previous_revision": previous(found, kept),
            "revisions": [str(each.number) for each in kept],
        }
        yield from self._made(kind, found, more, "")

    def _made(self, kind: str, found: Object, more: Mapping[str, Any], lock: str) -> Iterator[Target]:
        meta = found["metadata"]
        namespace = meta.get("namespace", "")
        ref = Ref(kind, namespace, meta["name"])
        about = attributes(kind, found) | dict(more)
        if namespace:
            about |= {"namespace": namespace, "service": self._service(found)}
        protected = namespace in self._protected or annotations_of(found).get(PROTECTED) == "true"
        lock = lock or ref.id
        yield Target(id=ref.id, lock=lock, attributes=about, protected=protected)
        if about.get("quarantine"):
            kept = {name: about[name] for name in ("uid", "quarantine", "namespace", "service")}
            yield Target(id=ISOLATED + ref.id, lock=lock, attributes=kept, protected=protected)

    def _service(self, found: Object) -> str | None:
        labels = labels_of(found)
        return labels.get(self._service_label) or labels.get("app") or None

    def _owner(self, pod: Object) -> str | None:
        """The workload that a pod belongs to in the end, as the id of a target."""
        namespace, control = pod["metadata"]["namespace"], controller_of(pod)
        if control is not None and control["kind"] == "ReplicaSet":
            own = self._known.get("replicasets", {}).get((namespace, control["name"]))
            above = controller_of(own) if own else None
            if above is None:
                return f"replicaset:{namespace}/{control['name']}"
            control = above
        kind = _OF_KIND.get(control["kind"]) if control else None
        return f"{kind}:{namespace}/{control['name']}" if kind and control else None
