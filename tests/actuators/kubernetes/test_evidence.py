"""Evidence of what is in trouble: what can be had is kept, and of the rest it is told why it is missing."""

import io
import json
import tarfile

from actuators.kubernetes.actuator import KubernetesActuator
from tests.actuators.kubernetes.alone import Sequel
from tests.actuators.kubernetes.cluster import Site, do
from tests.actuators.kubernetes.test_ending import lost
from tests.kubernetes_server.faults import Fault
from tests.kubernetes_server.objects import event, workload
from tests.kubernetes_server.rbac import Rbac

LIMIT_BYTES = 4096


async def collected(shop: Site, actuator: KubernetesActuator, target: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """The files of the bundle, and what is missing of it."""
    effect = await do(actuator, "collect", target, by=target)
    assert effect.evidence is not None
    with tarfile.open(fileobj=io.BytesIO(shop.shelf.bundles[effect.evidence.name])) as archive:
        files = {each.name: archive.extractfile(each).read() for each in archive}  # type: ignore[union-attr]
    return files, json.loads(files["manifest.json"])["missing"]


async def test_of_a_log_its_end_is_kept_however_long_its_lines(shop: Site) -> None:
    """A kubelet cuts off the end of what it was asked for, which is the newest."""
    shop.cluster.logs["shop/db-0"] = "".join(f"line {number} {'x' * 900}\n" for number in range(1000))
    async with shop.actuator(evidence_limit_bytes=LIMIT_BYTES) as actuator:
        files, _ = await collected(shop, actuator, "pod:shop/db-0")
    log = files["logs.db-0.main.txt"].decode()
    assert len(log) <= LIMIT_BYTES
    assert [line.split()[1] for line in log.splitlines()] == ["996", "997", "998", "999"]


async def test_a_short_log_is_kept_whole(shop: Site) -> None:
    """And nothing of it is said to be cut."""
    async with shop.actuator() as actuator:
        files, missing = await collected(shop, actuator, "pod:shop/db-0")
    cut = [each["cut"] for each in json.loads(files["manifest.json"])["members"]]
    assert (files["logs.db-0.main.txt"], any(cut), missing) == (b"hello from db-0\n", False, {})


async def test_containers_that_have_no_log_are_named(shop: Site) -> None:
    """One whose image cannot be pulled never began; one that crashes has its log, and the one before."""
    for name, image in (("bad", "bad:1"), ("ill", "crash:1")):
        shop.cluster.create("deployments", workload(name, 1, image))
    shop.server.settle()
    async with shop.actuator() as actuator:
        await shop.known(actuator)
        bad, missing = await collected(shop, actuator, "deployment:shop/bad")
        ill, _ = await collected(shop, actuator, "deployment:shop/ill")
    assert [why for name, why in missing.items() if name.startswith("logs.bad-") and "waiting to start" in why]
    assert {"manifests.jsonl", "describe.txt"} <= set(bad)
    assert sum(name.startswith("logs.ill-") for name in ill) == 2


async def test_events_of_the_newer_api_have_their_time_and_number(shop: Site) -> None:
    """As the scheduler writes them: when and how often stands in other fields."""
    told = event(shop.cluster.get("pods", "shop", "db-0"), "FailedScheduling", "no room")
    series = {"count": 7, "lastObservedTime": "2026-01-02T03:04:05.000000Z"}
    newer = {"eventTime": "2026-01-02T03:00:00.000000Z", "lastTimestamp": None, "count": None, "series": series}
    shop.cluster.create("events", told | newer)
    async with shop.actuator() as actuator:
        files, _ = await collected(shop, actuator, "pod:shop/db-0")
    lines = files["describe.txt"].decode().splitlines()
    assert "  event 2026-01-02T03:04:05.000000Z Warning FailedScheduling, 7 times: no room" in lines


async def test_a_node_that_is_away_costs_its_logs_and_nothing_else(shop: Site) -> None:
    """What the API server knows of its pods is kept."""
    lost(shop, shop.cluster.get("pods", "shop", "db-0")["spec"]["nodeName"])
    async with shop.actuator() as actuator:
        files, missing = await collected(shop, actuator, "pod:shop/db-0")
    assert "no route to host" in missing["logs.db-0.main"]
    assert b"db-0" in files["manifests.jsonl"]


async def test_a_node_that_does_not_answer_is_asked_once(shop: Site) -> None:
    """Each such question takes the whole time of a request, and there may be a hundred."""
    web = shop.cluster.all("pods", "shop", "app=web")
    first = web[0]["spec"]["nodeName"]
    there = [each["metadata"]["name"] for each in web if each["spec"]["nodeName"] == first]
    reads = 2 + len({each["spec"]["nodeName"] for each in web}) + 1  # itself, its pods, their nodes, events
    async with shop.actuator(request_timeout_s=0.2) as actuator:
        silence: list[Fault] = ["none"] * reads
        shop.server.faults = Sequel(*silence, "silence before")
        _, missing = await collected(shop, actuator, "deployment:shop/web")
    assert sorted(missing) == sorted(f"logs.{name}.main" for name in there)


async def test_what_may_not_be_read_is_missing_and_no_failure(shop: Site) -> None:
    """As with rights in one namespace, where nodes are nobody's."""
    rules = [
        {"apiGroups": ["", "apps"], "resources": ["pods", "statefulsets"], "verbs": ["get", "list", "watch"]},
    ]
    async with shop.actuator() as actuator:
        shop.server.rbac = Rbac(rules)
        files, missing = await collected(shop, actuator, "statefulset:shop/db")
    assert {"nodes", "events", "logs.db-0.main", "logs.db-1.main"} == set(missing)
    assert all("403 Forbidden" in why for why in missing.values())
    assert b"db-0" in files["manifests.jsonl"]
