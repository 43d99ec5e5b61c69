"""API servers that are away, and rights that are lost over an act: what is told of it then."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from actuators.kubernetes.api import Api
from actuators.kubernetes.resources import EVENTS, NODES, PODS, Ref
from actuators.kubernetes.workloads import Rolling, restart
from schemas.plugins import EffectFailed, EffectUnknown
from tests.actuators.kubernetes.alone import Sequel, course, uid
from tests.actuators.kubernetes.cluster import Site, command, made
from tests.kubernetes_server import Cluster, Faults, Request
from tests.kubernetes_server.faults import Fault
from tests.kubernetes_server.objects import pod
from tests.kubernetes_server.rbac import Rbac


async def test_what_was_never_sent_has_failed(shop: Site, api: Api) -> None:
    """Without a connection nothing was done, and that is known."""
    given = made("restart", "deployment:shop/web", uid(shop, "deployments", "web"))
    await shop.server.stop()
    with pytest.raises(EffectFailed, match="not done in time: ClientConnectorError"):
        await Rolling(restart).perform(course(api, given, 0.2), Ref.of(given.target))


async def test_a_server_that_goes_away_over_an_act_leaves_it_unknown(shop: Site, api: Api) -> None:
    """Sent and not answered, with nobody to ask: it is not called a failure, and never repeated."""
    given = made("restart", "deployment:shop/web", uid(shop, "deployments", "web"))
    before = shop.cluster.get("deployments", "shop", "web")["spec"]
    shop.server.stop_after("patch")
    with pytest.raises(EffectUnknown, match="patch of deployment:shop/web"):
        await Rolling(restart).perform(course(api, given, 0.3), Ref.of(given.target))
    assert shop.cluster.get("deployments", "shop", "web")["spec"] != before


@pytest.mark.parametrize("fault", ["webhook", "webhook fails"])
@pytest.mark.parametrize("away_for", [3, 1000])
async def test_a_webhook_that_is_away_is_waited_for_and_named(
    shop: Site, api: Api, away_for: int, fault: Fault
) -> None:
    """The server calls it an error of its own, but nothing was done: it is no doubt, and known to have failed. So it is
    where the webhook answers that it has had an error."""
    given = made("restart", "deployment:shop/web", uid(shop, "deployments", "web"))
    away: list[Fault] = [fault] * away_for
    shop.server.faults = OfPatches(*away)
    acting = Rolling(restart).perform(course(api, given, 0.3 if away_for > 3 else 10), Ref.of(given.target))
    if away_for > 3:
        with pytest.raises(EffectFailed, match=r"not done in time: patch of .*webhook \"policy.shop.example\""):
            await acting
    else:
        assert (await acting).detail == "3 available"


class OfPatches(Sequel):
    """Faults of patches only."""

    def draw(self, request: Request) -> Fault:
        return super().draw(request) if request.verb == "patch" else "none"


async def test_rights_that_are_lost_over_an_act_leave_it_unknown(shop: Site, api: Api) -> None:
    """Who may no longer look cannot say that it failed."""
    given = made("restart", "deployment:shop/web", uid(shop, "deployments", "web"))
    shop.server.faults = Sequel("none", "error after")

    async def gate() -> None:
        shop.server.rbac = Rbac([{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}])

    on_its_way = course(api, given, 1)
    on_its_way.gate = gate
    with pytest.raises(EffectUnknown, match="then: 403 Forbidden"):
        await Rolling(restart).perform(on_its_way, Ref.of(given.target))


@pytest.mark.parametrize(("verb", "args"), [("restart", {}), ("scale", {"replicas": 4})])
async def test_a_server_that_was_just_started_may_refuse_what_it_permits_later(
    shop: Site, verb: str, args: dict[str, Any]
) -> None:
    """It answers before it knows anybody's rights; a command does not fail by that, before its mark nor after it."""
    async with shop.actuator(stuck_s=5.0) as actuator:
        given = await command(actuator, verb, "deployment:shop/web", **args)
        shop.server.rbac = Rbac([])
        at_the_gate = asyncio.Event()

        async def gate() -> None:
            if not at_the_gate.is_set():
                shop.server.rbac = Rbac([])
            at_the_gate.set()

        acting = asyncio.create_task(actuator.execute(given, gate))
        await _refused(shop, 3)
        shop.server.rbac = None
        await at_the_gate.wait()
        await _refused(shop, 3)
        shop.server.rbac = None
        assert (await acting).detail.endswith("available")


async def _refused(shop: Site, count: int) -> None:
    """Wait until so many more requests were refused."""
    before = len(shop.server.forbidden)
    while len(shop.server.forbidden) < before + count:
        await shop.server.requested(len(shop.server.requests) + 1)


async def test_a_right_that_is_not_there_is_missed_but_once(shop: Site, api: Api) -> None:
    """Patience with a server that may just have started ends, and then each further refusal is final at once."""
    shop.server.rbac = Rbac([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
    on_its_way = course(api, made("collect", "deployment:shop/web", {}), 5)
    asked: list[int] = []
    for path in (EVENTS.path("shop"), PODS.path("shop"), NODES.path("", "n0")):
        before = len(shop.server.requests)
        with suppress(EffectFailed):
            await on_its_way.read(path)
        asked.append(len(shop.server.requests) - before)
    assert asked[0] > 1
    assert asked[1:] == [1, 1]


async def test_marks_that_cannot_be_asked_for_are_no_marks(shop: Site) -> None:
    """With the server away an actuator that takes over says that nobody can tell."""
    async with shop.actuator(request_timeout_s=0.05) as actuator:
        given = await command(actuator, "restart", "deployment:shop/web")
        await shop.server.stop()
        assert await actuator.observe(given) == "unmarked"


class Forgetful(Faults):
    """A server that forgets its past after the first page that it gives."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__()
        self._cluster = cluster

    def draw(self, request: Request) -> Fault:
        if self._cluster.pages and not self.happened:
            self.happened.append((request, "none"))
            self._cluster.compact()
        return "none"


async def test_a_list_whose_moment_is_forgotten_begins_anew(shop: Site, api: Api) -> None:
    """An act that looks at many pods does not fail for it, and counts none twice."""
    shop.server.live = False
    for number in range(700):
        shop.cluster.create("pods", pod(f"many-{number}"))
    shop.server.faults = faults = Forgetful(shop.cluster)
    on_its_way = course(api, made("restart", "deployment:shop/web", {}), 5)
    names = [each["metadata"]["name"] for each in await on_its_way.items(PODS.path("shop"))]
    assert faults.happened
    assert len(names) == len(set(names)) == len(shop.cluster.all("pods", "shop"))


async def test_an_actuator_that_nobody_waits_for_leaves_nothing_behind(shop: Site) -> None:
    """Given up while the server does not tell what there is, it follows nothing any more."""
    silence: list[Fault] = ["silence before"] * 7
    shop.server.faults = Sequel(*silence)
    opening = asyncio.create_task(shop.actuator(request_timeout_s=60).__aenter__())
    await shop.server.requested(7)
    opening.cancel()
    await asyncio.wait({opening})
    assert [task for task in asyncio.all_tasks() if "Reflector.run" in repr(task)] == []
