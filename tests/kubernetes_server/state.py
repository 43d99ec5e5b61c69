"""The objects of a cluster: resource versions, generations, optimistic concurrency, and the log that is watched.

What clients have changed is kept in `applied`, so that a test counts effects by what happened and not by who says so.
"""

import asyncio
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from tests.kubernetes_server.paths import KINDS, Request, api_version
from tests.kubernetes_server.selectors import fits_fields, fits_labels
from tests.kubernetes_server.statuses import ApiStatus, conflict, details, expired, not_found, told

Key = tuple[str, str, str]
Object = dict[str, Any]
NOW = "2026-01-01T00:00:00Z"
_THE_SERVERS = ("uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp")
"""Members of the metadata that no client changes."""
_WITHOUT_GENERATION = ("nodes", "namespaces", "events", "services", "configmaps", "secrets", "persistentvolumes")


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the log: `kind` is ADDED, MODIFIED or DELETED."""

    version: int
    kind: str
    resource: str
    found: Object


@dataclass(frozen=True, slots=True)
class Applied:
    """What a client's request changed."""

    request: Request
    before: Object | None
    after: Object | None
    agent: str = ""
    """The `User-Agent` of the request."""


class Cluster:
    """All objects, by resource, namespace and name. Methods raise `ApiStatus`; what they return must not be changed."""

    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        self.rested = 0
        """The version at which the controllers had nothing left to do."""
        self._by_resource: dict[str, dict[Key, Object]] = {}
        self.log: list[Change] = []
        self.version = 1
        self.compacted = 0
        self.applied: list[Applied] = []
        self.logs: dict[str, str] = {}
        """What a pod's containers have printed, by `namespace/name`."""
        self.runs_containers = True
        """Whether its kubelets do, or only say so of every pod."""
        self.changed = asyncio.Event()
        self.marks = 0
        self.pages: dict[str, list[Object]] = {}
        """What is left of lists that were begun, as it was then, by their `continue`."""
        self._uids = 0

    # --- reading ---

    def find(self, resource: str, namespace: str, name: str) -> Object | None:
        return self.objects.get((resource, namespace, name))

    def get(self, resource: str, namespace: str, name: str) -> Object:
        found = self.find(resource, namespace, name)
        if found is None:
            raise not_found(resource, name)
        return found

    def all(self, resource: str, namespace: str = "", labels: str = "", fields: str = "") -> list[Object]:
        """In the order of their keys."""
        return [
            found
            for (_, where, _), found in sorted(self._by_resource.get(resource, {}).items())
            if namespace in ("", where) and selected(found, labels, fields)
        ]

    def since(self, version: int, resource: str, namespace: str = "") -> list[Change]:
        """What has changed after that version. Raises 410 where the log does not go back that far."""
        if version < self.compacted:
            raise expired(f"too old resource version: {version} ({self.compacted})")
        newer = takewhile(lambda change: change.version > version, reversed(self.log))
        return [
            change
            for change in reversed(list(newer))
            if change.resource == resource and namespace in ("", change.found["metadata"].get("namespace", ""))
        ]

    def copy(self) -> "Cluster":
        """Another cluster that is as this one is now, with no past."""
        other = Cluster()
        other.version = other.compacted = self.version
        other.rested, other.marks, other._uids = self.rested, self.marks, self._uids
        for key, found in copy.deepcopy(self.objects).items():
            other.objects[key] = other._by_resource.setdefault(key[0], {})[key] = found
        return other

    def compact(self) -> None:
        """Forget the past: whoever watches from before it, or is within a list of then, must list anew."""
        self.log.clear()
        self.pages.clear()
        self.compacted = self.version

    # --- writing ---

    def create(self, resource: str, manifest: Mapping[str, Any], namespace: str = "") -> Object:
        created = copy.deepcopy(dict(manifest))
        meta = created.setdefault("metadata", {})
        if namespace:
            meta["namespace"] = namespace
        if not meta.get("name"):
            self.marks += 1
            meta["name"] = f"{meta['generateName']}{self.marks:05x}"
        key = (resource, meta.get("namespace", ""), meta["name"])
        if key in self.objects:
            message = f"{told(resource, meta['name'])} already exists"
            raise ApiStatus(409, "AlreadyExists", message, details(resource, meta["name"]))
        self._uids += 1
        created |= {"apiVersion": api_version(resource), "kind": KINDS[resource]}
        meta |= {"uid": f"00000000-0000-0000-0000-{self._uids:012x}", "creationTimestamp": NOW}
        if resource not in _WITHOUT_GENERATION:
            meta["generation"] = 1
        return self._store("ADDED", resource, created)

    def update(self, resource: str, changed: Object, *, status: bool = False) -> Object:
        """Store a changed copy of what was there. A `resourceVersion` other than the present one is a conflict. What is
        written with the `status` is no new generation."""
        meta = changed["metadata"]
        name = meta["name"]
        current = self.get(resource, meta.get("namespace", ""), name)
        was = current["metadata"]
        if meta.get("uid", was["uid"]) != was["uid"]:
            raise conflict(resource, name, f"Precondition failed: UID in precondition: {meta['uid']}")
        if meta.get("resourceVersion", was["resourceVersion"]) != was["resourceVersion"]:
            raise conflict(
                resource, name, "the object has been modified; please apply your changes to the latest version"
            )
        meta |= {name: was[name] for name in _THE_SERVERS if name in was}
        if not status and _is_of_another_generation(resource, current, changed):
            meta["generation"] += 1
        if changed == current:
            return current
        if "deletionTimestamp" in meta and resource != "pods" and not meta.get("finalizers"):
            return self.remove(resource, changed)
        return self._store("MODIFIED", resource, changed)

    def delete(self, resource: str, namespace: str, name: str, options: Mapping[str, Any] | None = None) -> Object:
        """Remove it; a pod that runs on a node only begins to end, unless its grace period is 0, and so does what has
        finalizers."""
        current = self.get(resource, namespace, name)
        for field, value in (options or {}).get("preconditions", {}).items():
            if current["metadata"][field] != value:
                raise conflict(resource, name, f"Precondition failed: {field} in precondition: {value}")
        runs = resource == "pods" and current["spec"].get("nodeName")
        graceful = runs and (options or {}).get("gracePeriodSeconds") != 0
        if graceful or current["metadata"].get("finalizers"):
            if "deletionTimestamp" in current["metadata"]:
                return current
            ending = copy.deepcopy(current)
            ending["metadata"] |= {"deletionTimestamp": NOW, "deletionGracePeriodSeconds": 30 if graceful else 0}
            if "generation" in ending["metadata"]:
                ending["metadata"]["generation"] += 1
            return self._store("MODIFIED", resource, ending)
        return self.remove(resource, current)

    def remove(self, resource: str, current: Object) -> Object:
        meta = current["metadata"]
        key = (resource, meta.get("namespace", ""), meta["name"])
        del self.objects[key], self._by_resource[resource][key]
        self.version += 1
        gone = copy.deepcopy(current)
        gone["metadata"]["resourceVersion"] = str(self.version)
        self._tell(Change(self.version, "DELETED", resource, gone))
        return gone

    def _store(self, kind: str, resource: str, stored: Object) -> Object:
        self.version += 1
        meta = stored["metadata"]
        meta["resourceVersion"] = str(self.version)
        key = (resource, meta.get("namespace", ""), meta["name"])
        self.objects[key] = self._by_resource.setdefault(resource, {})[key] = stored
        self._tell(Change(self.version, kind, resource, stored))
        return stored

    def _tell(self, change: Change) -> None:
        self.log.append(change)
        self.changed.set()
        self.changed = asyncio.Event()


def selected(found: Mapping[str, Any], labels: str, fields: str) -> bool:
    """Whether a query with these selectors has the object."""
    return fits_labels(found["metadata"].get("labels") or {}, labels) and fits_fields(found, fields)


def _is_of_another_generation(resource: str, before: Object, after: Object) -> bool:
    """By its specification; a deployment by its annotations too, as they go on to its ReplicaSets."""
    if resource in ("pods", *_WITHOUT_GENERATION):
        return False
    annotated = [each["metadata"].get("annotations") or {} for each in (before, after)]
    return before.get("spec") != after.get("spec") or (resource == "deployments" and annotated[0] != annotated[1])
