"""The actuator under its real host, on a real bus: a rule's step becomes a command, an effect in the cluster, an
outcome."""

import asyncio
from pathlib import Path
from typing import Any

from actuators.kubernetes import SPEC
from actuators.kubernetes.config import KubernetesConfig
from engine.core.verbs import chosen
from engine.rulefile import load
from engine.runtime.actuator_host import ActuatorConfig, ActuatorHost
from engine.runtime.bus import Bus
from engine.runtime.publishing import new_id
from engine.runtime.registry import actuators, verbs
from engine.runtime.trust import allow_list
from schemas import subjects
from schemas.codec import decode
from schemas.commands import Command
from schemas.inventory import Inventory
from schemas.outcomes import Outcome
from tests.actuators.kubernetes.cluster import FAST, Site, made, site
from tests.runtime.roles import TRUSTED, messages, send

RULES = """
groups:
  - name: shop
    rules:
      - alert: WebSlow
        expr: slow{namespace!="",deployment!=""} == 1
      - heal: Restart
        alert: WebSlow
        steps:
          - restart: {namespace: "{{ $labels.namespace }}", deployment: "{{ $labels.deployment }}"}
          - restart: {workload: web}
"""


def test_a_rule_says_by_its_arguments_which_restart_it_means() -> None:
    """One verb for a process and for a deployment: what names the target names the actuator."""
    known = verbs(actuators())
    load({"rules/shop.yaml": RULES}, known)
    cluster = chosen(known, "restart", {"namespace": "shop", "deployment": "web"})
    process = chosen(known, "restart", {"workload": "web"})
    assert (cluster and cluster.actuator, process and process.actuator) == ("kubernetes", "process")


async def _hosted(bus: Bus, place: Site, scope: str, folder: Path) -> asyncio.Task[None]:
    config = KubernetesConfig(kubeconfig=place.kubeconfig, **FAST)
    host = ActuatorConfig(
        scope=scope,
        state_dir=folder,
        plugins={"kubernetes": config},
        trust=lambda: allow_list([TRUSTED]),
        metrics_every_s=3600,
    )
    return asyncio.create_task(ActuatorHost(bus, host, {"kubernetes": SPEC}).run())


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


def _restart(place: Site, scope: str) -> Command:
    meta = place.cluster.get("deployments", "shop", "web")["metadata"]
    as_it_is = {name: meta[name] for name in ("uid", "generation")}
    given = made("restart", "deployment:shop/web", as_it_is, new_id())
    fields: dict[str, Any] = {name: getattr(given, name) for name in given.__struct_fields__}
    return Command(**{**fields, "scope": scope, "lock": f"{scope}/web"})


async def _answer(bus: Bus, scope: str) -> tuple[Outcome, Inventory]:
    """The outcome, and the last inventory before it."""
    subject = subjects.outcomes("kubernetes", scope)
    (message,) = await messages(bus, subjects.JOURNAL, 1, subject)
    outcome = decode(message.subject, message.data)
    (first,) = await messages(bus, subjects.JOURNAL, 1, subjects.inventory(scope))
    inventory = decode(first.subject, first.data)
    assert isinstance(outcome, Outcome)
    assert isinstance(inventory, Inventory)
    return outcome, inventory


async def test_a_command_is_carried_out_and_answered(bus: Bus, tmp_path: Path) -> None:
    """The inventory is published, and the outcome says what became of the deployment."""
    async with site(tmp_path) as place:
        scope = f"k-{new_id()}"
        host = await _hosted(bus, place, scope, tmp_path / "state")
        await send(bus, _restart(place, scope))
        outcome, inventory = await _answer(bus, scope)
        await _ended(host)
    assert (outcome.status, outcome.detail) == ("succeeded", "3 available")
    assert outcome.after["generation"] > outcome.before["generation"]
    assert "deployment:shop/web" in {target.id for target in inventory.targets}


async def test_an_actuator_that_dies_over_a_rollout_is_followed_by_one_that_completes_it(
    bus: Bus, tmp_path: Path
) -> None:
    """The next one finds the mark, waits for the rest, and answers; the deployment was changed once."""
    async with site(tmp_path) as place:
        scope = f"k-{new_id()}"
        place.server.live = False  # The rollout stands still while the first one lives.
        first = await _hosted(bus, place, scope, tmp_path / "state")
        await send(bus, _restart(place, scope))
        while not place.cluster.applied:
            await place.server.requested(len(place.server.requests) + 1)
        await _ended(first)
        place.server.live = True
        second = await _hosted(bus, place, scope, tmp_path / "state")
        outcome, _ = await _answer(bus, scope)
        await _ended(second)
        changes = [each for each in place.cluster.applied if each.request.resource == "deployments"]
    assert (outcome.status, len(changes)) == ("succeeded", 1)
