"""What an API server refuses of what clients send: names and labels of another form, selectors that fit nothing or
change, containers without a name or image, Events and owners that name nobody. Controllers of the stand-in write
without it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.kubernetes_server.selectors import fits_selector
from tests.kubernetes_server.statuses import ApiStatus, Object, invalid

ANNOTATIONS_BYTES = 256 * 1024
"""All annotations of an object, names and values."""
_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_WORKLOADS = ("deployments", "replicasets", "statefulsets", "daemonsets")
_OF_A_STATEFUL_SET = ("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds")
"""Of its specification, what may be changed."""
_OF_A_POD = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds")


def must_be_valid(resource: str, found: Object, namespace: str, before: Object | None = None) -> None:
    """Raises 400 for an object of another namespace than the one it is sent to, and 422 with every mistake."""
    meta = found.get("metadata") or {}
    if meta.get("namespace", namespace) != namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise ApiStatus(400, "BadRequest", message)
    errors = [*_of_metadata(resource, meta), *_of_kind(resource, found, namespace)]
    errors += _of_change(resource, found, before) if before is not None else ()
    if errors:
        raise invalid(resource, str(meta.get("name", "")), "; ".join(errors))


def _of_metadata(resource: str, meta: Mapping[str, Any]) -> Iterator[str]:
    name = meta.get("name") or f"{meta.get('generateName', '')}x"
    form = _LABEL if resource in ("namespaces", "services") else _SUBDOMAIN
    if not form.fullmatch(name) or name == "x":
        yield f"metadata.name: Invalid value: {name!r}"
    yield from _labels("metadata.labels", meta.get("labels") or {})
    yield from _annotations(meta.get("annotations") or {})
    for each in meta.get("ownerReferences") or ():
        for field in ("apiVersion", "kind", "name", "uid"):
            if not each.get(field):
                yield f"metadata.ownerReferences.{field}: Invalid value: must not be empty"


def _annotations(annotations: Mapping[str, Any]) -> Iterator[str]:
    size = 0
    for key, value in annotations.items():
        size += len(key.encode()) + len(str(value).encode())
        if not _is_qualified(key.lower()) or not isinstance(value, str):
            yield f"metadata.annotations: Invalid value: {key!r}"
    if size > ANNOTATIONS_BYTES:
        yield f"metadata.annotations: Too long: may not be more than {ANNOTATIONS_BYTES} bytes"


def _labels(where: str, labels: Mapping[str, Any]) -> Iterator[str]:
    for key, value in labels.items():
        if not _is_qualified(key) or not isinstance(value, str) or not _VALUE.fullmatch(value):
            yield f"{where}: Invalid value: {key}={value!r}"


def _is_qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return bool(name and _VALUE.fullmatch(name)) and (not slash or bool(_SUBDOMAIN.fullmatch(prefix)))


def _of_kind(resource: str, found: Object, namespace: str) -> Iterator[str]:
    spec = found.get("spec") or {}
    replicas = spec.get("replicas", 0)
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
        yield f"spec.replicas: Invalid value: {replicas}"
    if resource in _WORKLOADS:
        template = spec.get("template") or {}
        labels = (template.get("metadata") or {}).get("labels") or {}
        selector = spec.get("selector") or {}
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            yield "spec.selector: Required value"
        elif not fits_selector(labels, selector):
            yield "spec.template.metadata.labels: Invalid value: `selector` does not match template `labels`"
        yield from _labels("spec.template.metadata.labels", labels)
        yield from _containers("spec.template.spec.containers", template.get("spec") or {})
    elif resource == "pods":
        yield from _containers("spec.containers", spec)
    elif resource == "events":
        about = found.get("involvedObject") or {}
        if about.get("namespace", "") != namespace and not (not about.get("namespace") and namespace == "default"):
            yield "involvedObject.namespace: Invalid value: does not match event.namespace"
    elif resource == "networkpolicies":
        yield from _labels("spec.podSelector.matchLabels", (spec.get("podSelector") or {}).get("matchLabels") or {})
        if wrong := set(spec.get("policyTypes") or ()) - {"Ingress", "Egress"}:
            yield f"spec.policyTypes: Unsupported value: {sorted(wrong)}"


def _containers(where: str, spec: Mapping[str, Any]) -> Iterator[str]:
    containers = spec.get("containers") or ()
    if not containers:
        yield f"{where}: Required value"
    for each in containers:
        if not _LABEL.fullmatch(each.get("name", "")) or not each.get("image"):
            yield f"{where}: Required value: a name and an image"
    names = [each.get("name") for each in containers]
    yield from (f"{where}: Duplicate value: {name!r}" for name in sorted(set(names)) if names.count(name) > 1)


def _of_change(resource: str, found: Object, before: Object) -> Iterator[str]:
    now, then = found.get("spec") or {}, before.get("spec") or {}
    changed = sorted(field for field in {*now, *then} if now.get(field) != then.get(field))
    if resource in _WORKLOADS and "selector" in changed:
        yield "spec.selector: Invalid value: field is immutable"
    if resource == "statefulsets" and set(changed) - set(_OF_A_STATEFUL_SET):
        yield f"spec: Forbidden: updates to statefulset spec for fields other than {', '.join(_OF_A_STATEFUL_SET)}"
    if resource == "pods" and set(changed) - {*_OF_A_POD, "containers"}:
        yield "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"
