"""What undoes an act on a workload, and that it never undoes what somebody else did, however they came in between."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from schemas.outcomes import Undo
from schemas.plugins import ConditionFailed, Effect
from tests.actuators.kubernetes.cluster import Site, attributes, command, do, made
from tests.actuators.site import open_gate
from tests.kubernetes_server.owning import edit
from tests.kubernetes_server.state import Object

WEB = "deployment:shop/web"
PLURALS = {WEB: "deployments", "statefulset:shop/db": "statefulsets"}


def by_somebody(shop: Site, target: str, change: Callable[[Object], Any]) -> None:
    """What `kubectl edit` does."""
    resource, name = PLURALS[target], target.rpartition("/")[2]
    edit(shop.cluster, resource, shop.cluster.get(resource, "shop", name), change)


def deployed(image: str) -> Callable[[Object], None]:
    return lambda found: found["spec"]["template"]["spec"]["containers"][0].update(image=image)


def resized(replicas: int) -> Callable[[Object], None]:
    return lambda found: found["spec"].update(replicas=replicas)


async def interrupted(shop: Site, verb: str, target: str, *changes: Callable[[Object], Any], **args: Any) -> Effect:
    """The command's effect, where somebody changes the target right after it, before any controller has seen it."""
    async with shop.actuator() as actuator:
        given = await command(actuator, verb, target, **args)

        async def last_moment() -> None:
            shop.server.live = False

        acting = asyncio.create_task(actuator.execute(given, last_moment))
        while not any(each.verb == "patch" for each in shop.server.requests):
            await shop.server.requested(len(shop.server.requests) + 1)
        for change in changes:
            by_somebody(shop, target, change)
        shop.server.live = True
        return await acting


async def undone(shop: Site, undo: Undo) -> Effect:
    async with shop.actuator() as actuator:
        return await actuator.execute(made(undo.verb, undo.target, undo.condition, "u1", **undo.args), open_gate)


@pytest.mark.parametrize("target", PLURALS)
async def test_a_scale_in_which_somebody_else_scaled_is_not_undone(shop: Site, target: str) -> None:
    """Not even there and back: the undo stands on what the command made, and not on what its rollout ended with."""
    effect = await interrupted(shop, "scale", target, resized(5), resized(4), replicas=4)
    assert effect.undo
    with pytest.raises(ConditionFailed):
        await undone(shop, effect.undo)
    assert shop.cluster.get(PLURALS[target], "shop", target.rpartition("/")[2])["spec"]["replicas"] == 4


@pytest.mark.parametrize("target", PLURALS)
async def test_a_rollback_in_which_somebody_else_deployed_has_no_undo(shop: Site, target: str) -> None:
    """No controller has made a revision of it: the number that it would have had is another's."""
    by_somebody(shop, target, deployed("web:2"))
    shop.server.settle()
    effect = await interrupted(shop, "rollback", target, deployed("web:3"), to="1")
    assert effect.undo is None


async def test_a_rollback_that_somebody_deployed_over_is_not_undone(shop: Site) -> None:
    """Their revision is a newer one."""
    by_somebody(shop, WEB, deployed("web:2"))
    shop.server.settle()
    async with shop.actuator() as actuator:
        effect = await do(actuator, "rollback", WEB)
    by_somebody(shop, WEB, deployed("web:3"))
    shop.server.settle()
    assert effect.undo == Undo(
        verb="rollback",
        target=WEB,
        condition={"uid": effect.before["uid"], "revision": "3"},
        args={"to": "2"},
    )
    with pytest.raises(ConditionFailed):
        await undone(shop, effect.undo)


async def test_what_changes_nothing_has_nothing_to_undo(shop: Site) -> None:
    """As many replicas as there are already; and new pods of the same template are no other state to go back from."""
    async with shop.actuator() as actuator:
        assert (await do(actuator, "scale", WEB, replicas=3)).undo is None
        assert (await do(actuator, "restart", WEB, "c2")).undo is None


async def test_a_drain_undoes_only_its_own_cordon(shop: Site) -> None:
    """Whoever cordoned the node before may have had a reason."""
    async with shop.actuator() as actuator:
        await do(actuator, "cordon", "node:n0")
        assert (await do(actuator, "drain", "node:n0", "c2")).undo is None
        drained = (await do(actuator, "drain", "node:n1", "c3")).undo
        assert drained
        assert (drained.verb, drained.condition["cordoned_by"], drained.args) == ("uncordon", "c3", {})
        assert (await attributes(actuator, "node:n0"))["cordoned_by"] == "c1"
