"""Label and field selectors, as queries and as objects have them."""

import re
from collections.abc import Mapping
from typing import Any

_SET = re.compile(r"^(!?)([\w./-]+)(?:\s+(in|notin)\s+\(([^)]*)\))?$")


_FIELDS = {
    "pods": ("spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase", "status.podIP"),
    "events": (
        *(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid")),
        *("reason", "reportingComponent", "source", "type"),
    ),
    "nodes": ("spec.unschedulable",),
}
"""Beside the name and the namespace. Of no other fields the API selects."""


class BadSelector(ValueError):
    """A query's selector that is none."""


def must_know(resource: str, selector: str) -> None:
    """Raises `BadSelector` for a `fieldSelector` with a field that this resource is not selected by."""
    known = ("metadata.name", "metadata.namespace", *_FIELDS.get(resource, ()))
    for part in filter(None, selector.split(",")):
        if (name := re.split("!?=", part)[0]) not in known:
            raise BadSelector(f'"{name}" is not a known field selector: only {", ".join(known)}')


def fits_labels(labels: Mapping[str, str], selector: str) -> bool:
    """Whether the labels fit a query's `labelSelector`: `a=b,c!=d,e in (f,g),h,!i`."""
    return all(_fits(labels, part.strip()) for part in re.split(r",(?![^(]*\))", selector) if part.strip())


def _fits(labels: Mapping[str, str], part: str) -> bool:
    if "!=" in part:
        name, _, value = part.partition("!=")
        return labels.get(name.strip()) != value.strip()
    if "=" in part:
        name, _, value = part.replace("==", "=").partition("=")
        return labels.get(name.strip()) == value.strip()
    found = _SET.match(part)
    if found is None:
        raise BadSelector(f"unable to parse requirement: {part!r}")
    absent, name, how, values = found.groups()
    if how is None:
        return (name in labels) != bool(absent)
    return (labels.get(name) in [value.strip() for value in values.split(",")]) == (how == "in")


def fits_selector(labels: Mapping[str, str], selector: Mapping[str, Any] | None) -> bool:
    """Whether the labels fit an object's `selector`: `matchLabels` and `matchExpressions`. None fits nothing."""
    if selector is None:
        return False
    expressions = selector.get("matchExpressions", ())
    return all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items()) and all(
        _fits_expression(labels, each) for each in expressions
    )


def _fits_expression(labels: Mapping[str, str], expression: Mapping[str, Any]) -> bool:
    name, values = expression["key"], expression.get("values", ())
    match expression["operator"]:
        case "In":
            return labels.get(name) in values
        case "NotIn":
            return labels.get(name) not in values
        case "Exists":
            return name in labels
        case "DoesNotExist":
            return name not in labels
    raise ValueError(expression["operator"])


def fits_fields(found: Mapping[str, Any], selector: str) -> bool:
    """Whether an object fits a query's `fieldSelector`: `spec.nodeName=n1,metadata.name!=a`."""
    for part in filter(None, selector.split(",")):
        wanted = "!=" not in part
        path, _, value = part.partition("=" if wanted else "!=")
        if (str(_at(found, path)) == value.lstrip("=")) != wanted:
            return False
    return True


def _at(found: Any, path: str) -> Any:
    for part in path.split("."):
        found = found.get(part, "") if isinstance(found, Mapping) else ""
    return found
