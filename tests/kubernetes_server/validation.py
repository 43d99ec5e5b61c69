"""What an API server lets an object be, as far as clients might get it wrong."""

import re
from collections.abc import Mapping
from typing import Any

from tests.kubernetes_server.statuses import invalid

ANNOTATIONS_BYTES = 256 * 1024
"""All annotations of an object, names and values."""
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY = re.compile(rf"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?{_NAME}")
_VALUE = re.compile(rf"({_NAME})?")


def validate(resource: str, changed: Mapping[str, Any]) -> None:
    """Raises `ApiStatus`."""
    name, meta, spec = changed["metadata"]["name"], changed["metadata"], changed.get("spec") or {}
    if why := next(iter((*_of_labels(meta), *_of_annotations(meta), *_of_spec(spec))), ""):
        raise invalid(resource, name, why)


def _of_labels(meta: Mapping[str, Any]) -> list[str]:
    labels = (meta.get("labels") or {}).items()
    return [
        f"metadata.labels: Invalid value: {key}={value}"
        for key, value in labels
        if not _KEY.fullmatch(key) or not isinstance(value, str) or not _VALUE.fullmatch(value)
    ]


def _of_annotations(meta: Mapping[str, Any]) -> list[str]:
    annotations = meta.get("annotations") or {}
    if wrong := [key for key, value in annotations.items() if not _KEY.fullmatch(key) or not isinstance(value, str)]:
        return [f"metadata.annotations: Invalid value: {wrong[0]}"]
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > ANNOTATIONS_BYTES:
        return [f"metadata.annotations: Too long: may not be more than {ANNOTATIONS_BYTES} bytes"]
    return []


def _of_spec(spec: Mapping[str, Any]) -> list[str]:
    replicas, template = spec.get("replicas", 0), spec.get("template")
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
        return [f"spec.replicas: Invalid value: {replicas}"]
    if template is not None and not template.get("spec", {}).get("containers"):
        return ["spec.template.spec.containers: Required value"]
    return []
