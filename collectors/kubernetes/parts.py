"""What the metrics of all kinds are made of: times, quantities, conditions, owners, labels. Pure."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from collectors.series import Metric, Pairs
from schemas.kubernetes import Object

_STATUSES = ("true", "false", "unknown")
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_]")
_HUMP = re.compile(r"([a-z0-9])([A-Z])")
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?")
_SUFFIXES = {"n": "E-9", "u": "E-6", "m": "E-3", "k": "E3", "M": "E6", "G": "E9", "T": "E12", "P": "E15", "E": "E18"}
_BINARY = {f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)}
_UNITS = {"cpu": "core", "memory": "byte", "storage": "byte", "ephemeral-storage": "byte", "pods": "integer"}
_BYTES = ("hugepages-", "attachable-volumes-")
_NATIVE = "kubernetes.io/"


def seconds(time: str | None) -> float | None:
    """Unix seconds of an RFC 3339 time."""
    try:
        return datetime.fromisoformat(time).timestamp() if time else None
    except ValueError:
        return None


def quantity(text: object) -> float | None:
    """The number that a quantity such as `250m` or `2Gi` is; None for what is none."""
    if not (found := _QUANTITY.fullmatch(str(text))):
        return None
    number, suffix = found[1], found[2] or ""
    if suffix in _BINARY:
        return float(number) * float(_BINARY[suffix])
    return float(number + _SUFFIXES.get(suffix, suffix))  # As decimal as it is: 3800m is 3.8.


def moment(name: str, pairs: Pairs, time: str | None) -> Iterator[Metric]:
    """A metric of when something happened, if it has."""
    if (at := seconds(time)) is not None:
        yield name, pairs, at


def count(name: str, pairs: Pairs, value: object) -> Iterator[Metric]:
    """A metric of a number, if there is one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield name, pairs, float(value)


def counts(pairs: Pairs, found: Mapping[str, object], names: Mapping[str, str]) -> Iterator[Metric]:
    """Of each of the fields its metric; a count that an API leaves out is 0."""
    for name, field in names.items():
        yield from count(name, pairs, found.get(field, 0))


def one_of(name: str, pairs: Pairs, label: str, values: Sequence[str], actual: str) -> Iterator[Metric]:
    """1 for what it is, 0 for all else that it might be."""
    for value in values:
        yield name, (*pairs, (label, value)), float(value == actual)


def conditions(name: str, pairs: Pairs, found: Object, reasons: Collection[str] | None = None) -> Iterator[Metric]:
    """Each condition by its three possible states. With `reasons` it says its own, or `unknown` if it is none of
    them."""
    for each in conditions_of(found):
        about = (*pairs, ("condition", str(each.get("type"))))
        if reasons is not None and each.get("reason"):
            about = (*about, ("reason", str(each["reason"]) if each["reason"] in reasons else "unknown"))
        yield from one_of(name, about, "status", _STATUSES, str(each.get("status", "")).lower())


def condition(name: str, pairs: Pairs, status: str) -> Iterator[Metric]:
    """One condition, of which the label `condition` is the state."""
    yield from one_of(name, pairs, "condition", _STATUSES, status.lower())


def conditions_of(found: Object) -> Sequence[Object]:
    """Those of its status."""
    listed: Sequence[Object] = (found.get("status") or {}).get("conditions") or ()
    return listed


def quantities(name: str, pairs: Pairs, found: Mapping[str, object] | None) -> Iterator[Metric]:
    """Amounts of resources, in their units: of CPU in parts, of all else whole. Those without a unit are not known."""
    for resource, text in (found or {}).items():
        value, unit = quantity(text), _unit(resource)
        if value is not None and unit:
            about = ("resource", _NOT_A_NAME.sub("_", resource)), ("unit", unit)
            yield name, (*pairs, *about), value if unit == "core" else float(math.ceil(value))


def _unit(resource: str) -> str:
    """An extended resource, such as `nvidia.com/gpu`, is counted."""
    if resource.startswith(_BYTES):
        return "byte"
    extended = "/" in resource and _NATIVE not in resource and not resource.startswith("requests.")
    return "integer" if extended else _UNITS.get(resource, "")


def owners(name: str, pairs: Pairs, found: Object) -> Iterator[Metric]:
    """Each owner, or that there is none."""
    references = found["metadata"].get("ownerReferences") or ()
    for each in references:
        about = {
            "owner_kind": each.get("kind"),
            "owner_name": each.get("name"),
            "owner_is_controller": "true" if each.get("controller") else "false",
        }
        yield name, (*pairs, *said(about)), 1.0
    if not references:
        yield name, pairs, 1.0


def labels(name: str, pairs: Pairs, found: Object, allowed: Sequence[str]) -> Iterator[Metric]:
    """The labels that are allowed, if any is; `*` allows all."""
    if not allowed:
        return
    present = sorted((found["metadata"].get("labels") or {}).items())
    chosen = [(_label(label), str(value)) for label, value in present if "*" in allowed or label in allowed]
    yield name, (*pairs, *_distinct(chosen)), 1.0


def _label(name: str) -> str:
    """`app.kubernetes.io/partOf` as `label_app_kubernetes_io_part_of`."""
    return "label_" + _HUMP.sub(r"\1_\2", _NOT_A_NAME.sub("_", name)).lower()


def _distinct(labels: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Names that have become the same are numbered, so that none of them gets lost."""
    count, used = Counter(name for name, _ in labels), {name for name, _ in labels}
    numbers: Counter[str] = Counter()
    for name, value in labels:
        told = name
        while count[name] > 1 and told in used:
            numbers[name] += 1
            told = f"{name}_conflict{numbers[name]}"
        used.add(told)
        yield told, value


def said(about: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Those labels of which there is something to say; an empty one is none."""
    return ((label, str(value)) for label, value in about.items() if value)


def reference(found: Object, kind: str) -> Pairs:
    """Namespace and name, as labels; a thing without a namespace has only its name."""
    meta = found["metadata"]
    name = (kind, str(meta["name"]))
    return (("namespace", str(meta["namespace"])), name) if meta.get("namespace") else (name,)


def generation(kind: str, pairs: Pairs, found: Object) -> Iterator[Metric]:
    """When it was made, what generation it is and which of them its controller has seen."""
    yield from moment(f"kube_{kind}_created", pairs, found["metadata"].get("creationTimestamp"))
    yield from count(f"kube_{kind}_metadata_generation", pairs, found["metadata"].get("generation"))
    seen = (found.get("status") or {}).get("observedGeneration") or 0
    yield from count(f"kube_{kind}_status_observed_generation", pairs, seen)
