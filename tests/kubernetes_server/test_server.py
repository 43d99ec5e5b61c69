"""The stand-in is what an API server is where a client can tell: or the claims that are tried on it would be worth
nothing."""

import json
from typing import Any

import httpx
import pytest

from tests.kubernetes_server import ApiStatus, Faults, KubernetesServer, Request
from tests.kubernetes_server.objects import budget, shop, workload
from tests.kubernetes_server.paths import understood
from tests.kubernetes_server.selectors import fits_labels

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


def replace(version: str, path: str, value: Any) -> list[dict[str, Any]]:
    """A JSON patch for exactly that version."""
    return [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": path, "value": value},
    ]


async def test_a_version_is_changed_once(client: httpx.AsyncClient) -> None:
    """Of two patches for the same version the second is a conflict and changes nothing."""
    found = (await client.get(WEB)).json()
    version = found["metadata"]["resourceVersion"]
    first = await client.patch(WEB, json=replace(version, "/spec/replicas", 4), headers=JSON_PATCH)
    second = await client.patch(WEB, json=replace(version, "/spec/replicas", 5), headers=JSON_PATCH)
    assert (first.status_code, second.status_code, second.json()["reason"]) == (200, 409, "Conflict")
    assert (await client.get(WEB)).json()["spec"]["replicas"] == 4


async def test_what_counts_generations(client: httpx.AsyncClient) -> None:
    """A label is a new version and no new generation; what goes on to a deployment's ReplicaSets is one."""
    before = (await client.get(WEB)).json()["metadata"]
    merge = {"Content-Type": "application/merge-patch+json"}
    labelled = await client.patch(WEB, json={"metadata": {"labels": {"a": "b"}}}, headers=merge)
    scaled = await client.patch(WEB, json={"spec": {"replicas": 1}}, headers=merge)
    annotated = await client.patch(WEB, json={"metadata": {"annotations": {"a": "b"}}}, headers=merge)
    found = [each.json()["metadata"]["generation"] - before["generation"] for each in (labelled, scaled, annotated)]
    assert found == [0, 1, 2]
    assert labelled.json()["metadata"]["resourceVersion"] != before["resourceVersion"]


async def test_a_deletion_can_name_what_it_means(server: KubernetesServer, client: httpx.AsyncClient) -> None:
    """Of another uid nothing is deleted."""
    path = "/api/v1/namespaces/shop/pods/db-0"
    refused = await client.request("DELETE", path, json={"preconditions": {"uid": "another"}})
    assert (refused.status_code, server.cluster.find("pods", "shop", "db-0") is not None) == (409, True)


async def test_a_budget_refuses_evictions(server: KubernetesServer, client: httpx.AsyncClient) -> None:
    """With 429 and its cause, and only as long as too few are ready."""
    server.cluster.create("poddisruptionbudgets", budget("db", minAvailable=1))
    server.live = False
    answers = [await evict(client, name) for name in ("db-0", "db-1")]
    assert [each.status_code for each in answers] == [201, 429]
    assert answers[1].json()["details"]["causes"][0] == {
        "reason": "DisruptionBudget",
        "message": "The disruption budget db needs 1 healthy pods and has 1 currently",
    }


async def test_an_eviction_names_its_pod_twice(client: httpx.AsyncClient) -> None:
    """In its address and in what it says."""
    answer = await client.post("/api/v1/namespaces/shop/pods/db-0/eviction", json={"metadata": {"name": "db-1"}})
    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


async def test_what_serves_nobody_goes_without_a_budgets_leave(
    server: KubernetesServer, client: httpx.AsyncClient
) -> None:
    """A pod that has not begun always; one that is not ready while enough others are."""
    server.cluster.create("deployments", workload("bad", 1, "bad:1"))
    server.cluster.create("deployments", workload("ill", 1, "crash:1"))
    for app in ("bad", "ill"):
        server.cluster.create("poddisruptionbudgets", budget(app, minAvailable=1))
    server.settle()
    names = [server.cluster.all("pods", "shop", f"app={app}")[0]["metadata"]["name"] for app in ("bad", "ill")]
    assert [(await evict(client, name)).status_code for name in names] == [201, 429]


async def evict(client: httpx.AsyncClient, name: str) -> httpx.Response:
    about = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    return await client.post(f"/api/v1/namespaces/shop/pods/{name}/eviction", json=about)


async def test_a_watch_tells_each_change_once_from_any_version(
    server: KubernetesServer, client: httpx.AsyncClient
) -> None:
    """Resumed in the middle it tells the rest; from before what is kept it begins, and its one event is an error."""
    changes = server.cluster.since(0, "pods")
    query = {"watch": "1", "resourceVersion": str(changes[4].version), "timeoutSeconds": "0.2"}
    lines = [json.loads(line) for line in (await client.get("/api/v1/pods", params=query)).text.splitlines()]
    told = [(each["type"], each["object"]["metadata"]["resourceVersion"]) for each in lines]
    assert told == [(each.kind, str(each.version)) for each in changes[5:]]
    server.cluster.compact()
    expired = await client.get("/api/v1/pods", params=query)
    (line,) = [json.loads(line) for line in expired.text.splitlines()]
    assert (expired.status_code, line["type"]) == (200, "ERROR")
    assert (line["object"]["code"], line["object"]["reason"]) == (410, "Expired")


@pytest.mark.parametrize(("path", "told"), [("/api/v1/pods", ["BOOKMARK"]), ("/api/v1/events", [])])
async def test_a_watch_is_silent_where_nothing_happens(
    server: KubernetesServer, client: httpx.AsyncClient, path: str, told: list[str]
) -> None:
    """A bookmark tells of a version that is newer, once; Events are not cached and have none."""
    query = {"watch": "1", "resourceVersion": str(server.cluster.version), "allowWatchBookmarks": "true"}
    assert (await client.get(path, params={**query, "timeoutSeconds": "0.1"})).text == ""
    server.cluster.create("namespaces", {"metadata": {"name": "another"}})
    lines = (await client.get(path, params={**query, "timeoutSeconds": "0.1"})).text.splitlines()
    assert [json.loads(line)["type"] for line in lines] == told


async def test_a_watch_from_a_version_to_come_is_silent(server: KubernetesServer, client: httpx.AsyncClient) -> None:
    """It is no error: a client that asks a restored server for what comes after its own last version waits."""
    query = {"watch": "1", "resourceVersion": "999999", "allowWatchBookmarks": "true", "timeoutSeconds": "0.1"}
    answer = await client.get("/api/v1/pods", params=query)
    assert (answer.status_code, answer.text) == (200, "")


async def test_a_list_comes_in_pages(client: httpx.AsyncClient) -> None:
    """Every object once, in as many pages as it takes."""
    names: list[str] = []
    rest = ""
    while True:
        page = (await client.get("/api/v1/pods", params={"limit": "3", "continue": rest})).json()
        names += [each["metadata"]["name"] for each in page["items"]]
        rest = page["metadata"].get("continue", "")
        if not rest:
            break
    assert len(names) == len(set(names)) == 10


async def test_the_pages_of_a_list_are_of_one_moment(server: KubernetesServer, client: httpx.AsyncClient) -> None:
    """What changes meanwhile is not in them, nor is the version; once that moment is forgotten it is 410."""
    first = (await client.get("/api/v1/pods", params={"limit": "3"})).json()
    server.cluster.remove("pods", server.cluster.get("pods", "shop", first["items"][0]["metadata"]["name"]))
    query = {"limit": "100", "continue": first["metadata"]["continue"]}
    rest = (await client.get("/api/v1/pods", params=query)).json()
    assert len(rest["items"]) == 7
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    server.cluster.compact()
    expired = await client.get("/api/v1/pods", params=query)
    assert (expired.status_code, expired.json()["reason"]) == (410, "Expired")


async def test_what_has_finalizers_only_begins_to_end(client: httpx.AsyncClient) -> None:
    """It is gone when the last of them is."""
    held = {"metadata": {"finalizers": ["example.org/hold"]}}
    merge = {"Content-Type": "application/merge-patch+json"}
    await client.patch(WEB, json=held, headers=merge)
    assert (await client.delete(WEB)).json()["metadata"]["deletionTimestamp"]
    assert (await client.get(WEB)).status_code == 200
    await client.patch(WEB, json={"metadata": {"finalizers": None}}, headers=merge)
    assert (await client.get(WEB)).status_code == 404


async def test_a_status_says_what_it_is_about(client: httpx.AsyncClient) -> None:
    """With the group where there is one; that something is deleted is told by a status, too."""
    missing = (await client.get(f"{WEB}-2")).json()
    assert missing["message"] == 'deployments.apps "web-2" not found'
    assert missing["details"] == {"name": "web-2", "group": "apps", "kind": "deployments"}
    deleted = (await client.delete(WEB)).json()
    assert (deleted["status"], deleted["details"]["kind"]) == ("Success", "deployments")


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("/api/v1/nodes/n0", Request("get", "", "nodes", name="n0")),
        (f"{WEB}/scale", Request("get", "apps", "deployments", "scale", "shop", "web")),
        ("/api/v1/namespaces/shop", Request("get", "", "namespaces", name="shop")),
        ("/api/v1/pods?watch=1", Request("watch", "", "pods")),
        ("/api/v1/pods/alone", None),
        ("/apis/apps/v1/secrets", None),
    ],
)
def test_paths_are_what_rules_of_rbac_name(url: str, asked: Request | None) -> None:
    """Each request is one verb on one resource; what is no path of the API is none here."""
    found = understood("GET", url)
    assert (found and found[0]) == asked


@pytest.mark.parametrize(
    ("selector", "fits"),
    [("a=1", True), ("a!=1", False), ("a in (1,2),b", True), ("b notin (x)", False), ("!c", True), ("c", False)],
)
def test_selectors_select(selector: str, fits: bool) -> None:
    """Equality, sets and existence."""
    assert fits_labels({"a": "1", "b": "x"}, selector) is fits


def test_faults_of_a_seed_are_the_same() -> None:
    """So a run can be played again."""
    asked = Request("patch", "apps", "deployments", "", "shop", "web")
    first, second = Faults(7), Faults(7)
    assert [first.draw(asked) for _ in range(50)] == [second.draw(asked) for _ in range(50)]


def test_a_stored_name_is_taken() -> None:
    """Twice created is refused, which is how a creation happens once."""
    cluster = shop()
    with pytest.raises(ApiStatus) as refused:
        cluster.create("namespaces", {"metadata": {"name": "shop"}})
    assert refused.value.body["reason"] == "AlreadyExists"
