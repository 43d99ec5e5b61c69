"""Who may: rules of Roles and ClusterRoles, as a manifest has them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.kubernetes_server.paths import Request


class Rbac:
    """What these rules allow, in every namespace or in those given."""

    def __init__(self, rules: Iterable[Mapping[str, Any]]) -> None:
        self.rules = list(rules)

    @classmethod
    def of_files(cls, *files: Path) -> "Rbac":
        """The rules of all Roles and ClusterRoles in the files."""
        documents = [each for file in files for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]
        return cls(rule for each in documents if each["kind"] in ("Role", "ClusterRole") for rule in each["rules"])

    def allows(self, request: Request) -> bool:
        return any(_grants(rule, request) for rule in self.rules)

    def unused(self, requests: Iterable[Request]) -> set[tuple[str, str, str]]:
        """What is granted, as (group, resource, verb), and none of the requests needed."""
        granted = {
            (group, resource, verb)
            for rule in self.rules
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }
        return granted - {(request.group, request.what, request.verb) for request in requests}


def _grants(rule: Mapping[str, Any], request: Request) -> bool:
    return (
        request.group in rule["apiGroups"]
        and request.what in rule["resources"]
        and request.verb in rule["verbs"]
        and (not rule.get("resourceNames") or request.name in rule["resourceNames"])
    )
