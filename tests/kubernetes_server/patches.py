"""The patches that an API server applies: JSON patch, merge patch, and of the strategic merge patch what maps need."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any


class BadPatch(ValueError):
    """It does not fit the object."""


class NoPatch(ValueError):
    """It is none, of a kind that there is."""


def patched(current: Mapping[str, Any], patch: Any, content_type: str) -> dict[str, Any]:
    """The object with the patch applied. Raises `BadPatch`."""
    target = copy.deepcopy(dict(current))
    result: dict[str, Any]
    match content_type:
        case "application/json-patch+json":
            result = json_patch(target, patch)
        case "application/merge-patch+json":
            result = merge(target, patch)
        case "application/strategic-merge-patch+json":
            _refuse_lists(patch)
            result = merge(target, patch)
        case _:
            raise NoPatch(f"no such patch: {content_type}")
    return result


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def json_patch(target: dict[str, Any], operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """RFC 6902: add, replace, remove and test, on members of objects and items of lists."""
    for operation in operations:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        parent: Any = target
        for part in parents:
            try:
                parent = parent[int(part)] if isinstance(parent, list) else parent[part]
            except (KeyError, IndexError, ValueError) as error:
                raise BadPatch(f"there is no {operation['path']}") from error
        _apply(parent, last, operation)
    return target


def _apply(parent: Any, last: str, operation: Mapping[str, Any]) -> None:
    key: Any = int(last) if isinstance(parent, list) and last.isdigit() else last
    there = key in parent if isinstance(parent, Mapping) else isinstance(key, int) and key < len(parent)
    match operation["op"]:
        case "add" if isinstance(parent, list):
            parent.insert(len(parent) if last == "-" else key, operation["value"])
        case "add":
            parent[key] = operation["value"]
        case "replace" if there:
            parent[key] = operation["value"]
        case "remove" if there:
            del parent[key]
        case "test" if there and parent[key] == operation["value"]:
            pass
        case name:
            raise BadPatch(f"{name} {operation['path']}: does not hold")


def _refuse_lists(patch: Any) -> None:
    """Lists are merged by keys of their own, which this stand-in does not know: better no answer than a wrong one."""
    if isinstance(patch, list):
        raise BadPatch("this stand-in merges no lists")
    if isinstance(patch, Mapping):
        for value in patch.values():
            _refuse_lists(value)
