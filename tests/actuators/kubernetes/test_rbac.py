"""The shipped rights: they suffice for every verb, nothing outside them is asked for, and none of them is in vain."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from actuators.kubernetes.declaration import VERBS
from actuators.kubernetes.permissions import FOLDER, granted, manifests, outdated
from schemas.plugins import EffectFailed
from tests.actuators.kubernetes.cluster import Site, do, made, site
from tests.kubernetes_server import Request
from tests.kubernetes_server.objects import event
from tests.kubernetes_server.rbac import Rbac

ACTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *(("restart", target, {}) for target in ("deployment:shop/web", "statefulset:shop/db", "daemonset:shop/agent")),
    *(("rollback", target, {}) for target in ("deployment:shop/web", "statefulset:shop/db", "daemonset:shop/agent")),
    *(
        ("scale", target, {"replicas": 1})
        for target in ("deployment:shop/web", "statefulset:shop/db", "replicaset:shop/solo")
    ),
    ("evict", "pod:shop/db-0", {}),
    ("delete_pod", "pod:shop/db-0", {}),
    *(("isolate", target, {}) for target in ("pod:shop/db-0", "deployment:shop/web", "statefulset:shop/db")),
    *(
        ("release", f"isolated-{target}", {})
        for target in ("pod:shop/db-0", "deployment:shop/web", "statefulset:shop/db")
    ),
    ("cordon", "node:n0", {}),
    ("uncordon", "node:n0", {}),
    ("drain", "node:n0", {}),
    *(("collect", target, {}) for target in ("deployment:shop/web", "statefulset:shop/db", "daemonset:shop/agent")),
    ("collect", "pod:shop/db-0", {}),
)
"""Every verb on every kind of target that it has, each on what the ones before have left."""


@pytest_asyncio.fixture
async def ruled(tmp_path: Path) -> AsyncIterator[Site]:
    """A cluster that allows exactly what the shipped manifest says."""
    async with site(tmp_path, rbac=Rbac.of_files(FOLDER / "rbac.yaml")) as found:
        yield found


async def all_acts(place: Site) -> None:
    """Every act, its takeover by another actuator, and what the pods of a stuck rollout are asked for."""
    deploy_all(place)
    async with place.actuator() as actuator:
        for number, (verb, target, args) in enumerate(ACTS):
            await do(actuator, verb, target, f"{number:032x}", **args)
            given = made(verb, target.removeprefix("isolated-"), {}, f"{number:032x}", **args)
            await actuator.observe(given)
            place.server.settle()
            await place.known(actuator)
        deploy(place, "deployments", "web", "bad")
        with pytest.raises(EffectFailed):
            await actuator.execute(made("restart", "deployment:shop/web", {}, "e" * 32), _open)


def deploy(place: Site, plural: str, name: str, image: str) -> None:
    """Another version, of which the rollout stands still where it is a bad one."""
    found = place.cluster.get(plural, "shop", name)
    template = {**found["spec"]["template"], "spec": {"containers": [{"name": "main", "image": image}]}}
    place.cluster.update(plural, {**found, "spec": {**found["spec"], "template": template}})
    place.server.settle()


def deploy_all(place: Site) -> None:
    """A second version of everything, so that there is one to go back to."""
    for plural, name in (("deployments", "web"), ("statefulsets", "db"), ("daemonsets", "agent")):
        deploy(place, plural, name, "web:2")


async def _open() -> None:
    """The gate of a host that halts nothing."""


def test_the_manifests_are_as_the_verbs_declare() -> None:
    """`make format` makes them."""
    assert outdated() == []


async def test_the_rights_suffice_and_none_is_in_vain(ruled: Site) -> None:
    """Every verb on every kind of target works with them; each right was needed by one of the requests."""
    ruled.cluster.create("events", event(ruled.cluster.get("deployments", "shop", "web"), "Test", "a test"))
    await all_acts(ruled)
    assert ruled.server.forbidden == []
    assert ruled.server.rbac is not None
    assert ruled.server.rbac.unused(ruled.server.requests) == set()


async def test_each_verb_needs_what_it_declares(tmp_path: Path) -> None:
    """With the rights of one verb alone, and those of the inventory, it works: so the reference is right."""
    async with site(tmp_path) as place, place.actuator() as actuator:
        deploy_all(place)
        await place.known(actuator)
        for number, (verb, target, args) in enumerate(ACTS):
            rules = [rule for each in manifests([verb]) for rule in each.get("rules", ())]
            place.server.rbac = Rbac(rules)
            await do(actuator, verb, target, f"{number:032x}", **args)
            place.server.settle()
            await place.known(actuator)
        deploy(place, "statefulsets", "db", "bad")
        place.server.rbac = Rbac([rule for each in manifests(["rollback"]) for rule in each.get("rules", ())])
        await place.known(actuator)
        await do(actuator, "rollback", "statefulset:shop/db", "f" * 32)
        assert place.server.forbidden == []


def test_every_verb_is_tried() -> None:
    """On every kind of target that it has."""
    tried = {(verb, target.partition(":")[0]) for verb, target, _ in ACTS}
    assert tried == {(verb.name, kind) for verb in VERBS for kind in verb.targets}


def test_rights_in_one_namespace_leave_only_nodes_to_the_cluster() -> None:
    """The manifest for one namespace has a Role for all that has one."""
    found = list(yaml.safe_load_all((FOLDER / "rbac-namespace.yaml").read_text(encoding="utf-8")))
    rules = {each["kind"]: each["rules"] for each in found if "rules" in each}
    assert {name for rule in rules["ClusterRole"] for name in rule["resources"]} == {"nodes"}
    asked = Request("patch", "apps", "deployments")
    assert Rbac(rules["Role"]).allows(asked)
    assert not Rbac(rules["ClusterRole"]).allows(asked)


def test_secrets_are_never_read() -> None:
    """No verb is permitted to see a Secret, to run anything in a container, or to change rights."""
    resources = {resource for _, resource in granted()}
    assert resources.isdisjoint({"secrets", "pods/exec", "pods/attach", "roles", "clusterroles", "serviceaccounts"})
