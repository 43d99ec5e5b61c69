"""What the API server must permit us, as manifests: the rights that the verbs declare, and those of the inventory.

`python -m actuators.kubernetes.permissions` writes them to `deploy/kubernetes`; with `--check` it only says which are
out of date. With names of verbs it prints what these alone need, with `--namespace NAME` in that namespace only. It is
a tool of the repository: nothing imports it at run time.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from actuators.kubernetes.declaration import READ, VERBS

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
_HEADER = "# Made by `python -m actuators.kubernetes.permissions`: edit the declarations, not this file.\n"
_NAME = "reflexarc-actuator"
_HOME = "reflexarc"
_ORDER = ("get", "list", "watch", "create", "patch", "delete")
_CLUSTER_WIDE = ("nodes",)

Granted = Mapping[tuple[str, str], Sequence[str]]
"""Verbs of the API by (group, resource)."""


def granted(verbs: Iterable[str] | None = None) -> Granted:
    """What these verbs need, or all, with the inventory."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    needed = (verb.permissions for verb in VERBS if verbs is None or verb.name in verbs)
    for each in (*READ, *(permission for permissions in needed for permission in permissions)):
        resource, _, asked = each.partition(": ")
        plural, _, group = resource.partition(".")
        found[(group, plural)].update(asked.split(", "))
    return {key: sorted(found[key], key=_ORDER.index) for key in sorted(found)}


def manifests(verbs: Iterable[str] | None = None, namespace: str = "") -> list[dict[str, Any]]:
    """A service account that may do this and nothing else: everywhere, or to what has a namespace only in this one."""
    rights = granted(verbs)
    account = _named("v1", "ServiceAccount", _NAME, _HOME)
    if not namespace:
        return [account, *_bound("ClusterRole", rights, "")]
    of_cluster = {key: asked for key, asked in rights.items() if key[1] in _CLUSTER_WIDE}
    of_namespace = {key: asked for key, asked in rights.items() if key[1] not in _CLUSTER_WIDE}
    return [account, *_bound("ClusterRole", of_cluster, ""), *_bound("Role", of_namespace, namespace)]


def documents() -> dict[str, str]:
    """File name → its text."""
    return {
        "rbac.yaml": _HEADER + _text(manifests()),
        "rbac-namespace.yaml": _HEADER + _text(manifests(namespace="default")),
    }


def _bound(kind: str, rights: Granted, namespace: str) -> list[dict[str, Any]]:
    rules = [
        {"apiGroups": [group], "resources": [resource], "verbs": list(asked)}
        for (group, resource), asked in rights.items()
    ]
    role = {**_named("rbac.authorization.k8s.io/v1", kind, _NAME, namespace), "rules": rules}
    binding = {
        **_named("rbac.authorization.k8s.io/v1", f"{kind}Binding", _NAME, namespace),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": _NAME},
        "subjects": [{"kind": "ServiceAccount", "name": _NAME, "namespace": _HOME}],
    }
    return [role, binding]


def _named(version: str, kind: str, name: str, namespace: str) -> dict[str, Any]:
    meta = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": version, "kind": kind, "metadata": meta}


def _text(found: Iterable[Mapping[str, Any]]) -> str:
    return "---\n".join(yaml.safe_dump(dict(each), sort_keys=False) for each in found)


def outdated(folder: Path = FOLDER) -> list[str]:
    """The names of the files that are missing or differ from what the declarations say."""
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml")}
    return [name for name, text in documents().items() if there.get(name) != text]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m actuators.kubernetes.permissions")
    parser.add_argument("verbs", nargs="*", metavar="VERB")
    parser.add_argument("--namespace", default="")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args(arguments)
    if unknown := set(given.verbs) - {verb.name for verb in VERBS}:
        parser.error(f"no such verb: {', '.join(sorted(unknown))}")
    if given.check:
        if stale := outdated():
            sys.exit(f"out of date, run `python -m actuators.kubernetes.permissions`: {', '.join(stale)}")
    elif given.verbs or given.namespace:
        sys.stdout.write(_text(manifests(given.verbs or None, given.namespace)))
    else:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in documents().items():
            (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
