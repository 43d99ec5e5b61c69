"""A cluster's API as all who use it know it: objects are the JSON that they are, and collections of them have paths.
How it is reached says `schemas.cluster`.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Object = dict[str, Any]
"""An object of the API, as JSON."""
Key = tuple[str, str]
"""Of an object in its collection: namespace and name."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of the API. `group` is empty for the core."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of a collection, an object or a subresource; without `namespace`, of all namespaces."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace:
            parts += ["namespaces", namespace]
        parts += [self.plural, *filter(None, (name, subresource))]
        return "".join(f"/{quote(part, safe='')}" for part in parts)

    @property
    def permission(self) -> str:
        """As a rule of RBAC and `kubectl` name it: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def key_of(found: Object) -> Key:
    meta = found["metadata"]
    return str(meta.get("namespace", "")), str(meta["name"])


def version_of(found: Object) -> int:
    """The resourceVersion, which grows with each change of anything; 0 where it is no number."""
    return number_of(str(found["metadata"].get("resourceVersion", "")))


def number_of(version: str) -> int:
    """Versions are numbers; 0 stands for one that is none."""
    return int(version) if version.isascii() and version.isdigit() else 0


def is_list(page: Object) -> bool:
    """Whether it is a page of a list, with its version, of objects that have a name and a version."""
    items = page.get("items") or []
    return bool(_meta(page).get("resourceVersion")) and isinstance(items, list) and all(map(_is_whole, items))


def is_event(event: Object) -> bool:
    """Whether it is one of a watch, with an object that has a name and a version, or that is a bookmark."""
    found = event.get("object")
    if event.get("type") == "BOOKMARK":
        return bool(_meta(found).get("resourceVersion"))
    return bool(event.get("type")) and _is_whole(found)


def _is_whole(found: object) -> bool:
    meta = _meta(found)
    return bool(meta.get("resourceVersion") and meta.get("name") and meta.get("uid"))


def _meta(found: object) -> Object:
    meta = found.get("metadata") if isinstance(found, dict) else None
    return meta if isinstance(meta, dict) else {}


def last_seen(event: Object) -> str | None:
    """When what an Event tells of has happened last. Who writes them by the newer API, as the scheduler does, leaves
    the older fields empty."""
    last = (event.get("series") or {}).get("lastObservedTime")
    times = (last, event.get("lastTimestamp"), event.get("eventTime"), event["metadata"].get("creationTimestamp"))
    return next((str(each) for each in times if each), None)


def times_seen(event: Object) -> int:
    """How often what an Event tells of has happened."""
    return int((event.get("series") or {}).get("count") or event.get("count") or 1)
