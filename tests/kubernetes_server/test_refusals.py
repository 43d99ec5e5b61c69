"""The stand-in refuses what an API server refuses, so that a client that asks for it is noticed."""

from typing import Any

import httpx
import pytest

from tests.kubernetes_server import KubernetesServer
from tests.kubernetes_server.objects import pod, template, workload

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("/metadata/name", "other", 400),
        ("/metadata/namespace", "other", 400),
        ("/metadata/labels", {"a b": "c"}, 422),
        ("/metadata/labels", {"a": "b c"}, 422),
        ("/metadata/labels", {"a": "x" * 64}, 422),
        ("/metadata/labels", {"a": 1}, 422),
        ("/metadata/annotations", {"example.org/a/b": "c"}, 422),
        ("/metadata/annotations", {"example.org/a": 1}, 422),
        ("/metadata/annotations", {"example.org/a": "any text: at all"}, 200),
        ("/spec/replicas", -1, 422),
        ("/spec/nothing/here", 1, 422),
    ],
)
async def test_what_an_object_cannot_be_is_refused(
    client: httpx.AsyncClient, path: str, value: object, code: int
) -> None:
    """Names of labels and annotations are bounded, and so are the values of labels."""
    operations = [{"op": "add", "path": path, "value": value}]
    assert (await client.patch(WEB, json=operations, headers=JSON_PATCH)).status_code == code


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/api/v1/pods", {"fieldSelector": "spec.nodeName=n0"}, 200),
        ("/api/v1/pods", {"fieldSelector": "metadata.name!=a"}, 200),
        ("/api/v1/pods", {"fieldSelector": "spec.priority=1"}, 400),
        ("/apis/apps/v1/deployments", {"fieldSelector": "spec.nodeName=n0"}, 400),
        ("/api/v1/pods", {"labelSelector": "a in b"}, 400),
        (f"{WEB}/logs", {}, 404),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(
    client: httpx.AsyncClient, path: str, query: dict[str, str], code: int
) -> None:
    """Few fields can be selected by, and there are no other subresources than those that are known."""
    assert (await client.get(path, params=query)).status_code == code


async def test_a_status_is_not_changed_with_its_object(client: httpx.AsyncClient) -> None:
    """Only its own subresource does that, which controllers use."""
    merge = {"Content-Type": "application/merge-patch+json"}
    before = (await client.get(WEB)).json()
    after = (await client.patch(WEB, json={"status": {"replicas": 99}}, headers=merge)).json()
    assert (after["status"], after["metadata"]["resourceVersion"]) == (
        before["status"],
        before["metadata"]["resourceVersion"],
    )


async def test_annotations_are_bounded(client: httpx.AsyncClient) -> None:
    """More than 256 KiB on an object is refused."""
    operations = [{"op": "add", "path": "/metadata/annotations", "value": {"a": "x" * 262144}}]
    refused = await client.patch(WEB, json=operations, headers=JSON_PATCH)
    assert (refused.status_code, refused.json()["reason"]) == (422, "Invalid")


def deployment(**change: Any) -> dict[str, Any]:
    """One that is valid but for the change of its specification."""
    found = workload("new")
    return {**found, "spec": {**found["spec"], **change}}


@pytest.mark.parametrize(
    ("path", "manifest", "told"),
    [
        ("deployments", {**deployment(), "metadata": {"name": "No_Name"}}, "metadata.name"),
        ("deployments", deployment(selector={"matchLabels": {"app": "other"}}), "does not match template"),
        ("deployments", deployment(selector={}), "spec.selector: Required"),
        ("deployments", deployment(template=template("new", "")), "a name and an image"),
        ("deployments", {**deployment(), "metadata": {"name": "a", "labels": {"a": "b c"}}}, "metadata.labels"),
    ],
)
async def test_what_is_not_valid_is_not_made(
    client: httpx.AsyncClient, path: str, manifest: dict[str, Any], told: str
) -> None:
    """The answer is 422, with every mistake."""
    answer = await client.post(f"/apis/apps/v1/namespaces/shop/{path}", json=manifest)
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert told in answer.json()["message"]


async def test_an_event_is_where_that_is_which_it_is_about(client: httpx.AsyncClient) -> None:
    """Of another namespace, or of none, it is refused."""
    about = {"metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "db-0", "namespace": "shop"}}
    wrong = {**about, "involvedObject": {"kind": "Pod", "name": "db-0"}}
    answers = [await client.post("/api/v1/namespaces/shop/events", json=each) for each in (wrong, about)]
    assert [each.status_code for each in answers] == [422, 201]


async def test_what_selects_pods_is_for_ever(client: httpx.AsyncClient) -> None:
    """And a statefulset's volumes and names."""
    web = (await client.get(WEB)).json()["metadata"]["resourceVersion"]
    selector = {"matchLabels": {"app": "web", "app.kubernetes.io/name": "web"}}
    version = {"op": "replace", "path": "/metadata/resourceVersion", "value": web}
    changed = [version, {"op": "add", "path": "/spec/selector", "value": selector}]
    answer = await client.patch(WEB, json=changed, headers=JSON_PATCH)
    assert (answer.status_code, "immutable" in answer.json()["message"]) == (422, True)


async def test_a_pod_needs_its_namespace_and_an_account_there(
    server: KubernetesServer, client: httpx.AsyncClient
) -> None:
    """Which a controller makes a moment after the namespace."""
    manifest = {**pod("alone"), "metadata": {"name": "alone"}}
    server.live = False
    before = await client.post("/api/v1/namespaces/new/pods", json=manifest)
    await client.post("/api/v1/namespaces", json={"metadata": {"name": "new"}})
    between = await client.post("/api/v1/namespaces/new/pods", json=manifest)
    server.settle()
    after = await client.post("/api/v1/namespaces/new/pods", json=manifest)
    assert [each.status_code for each in (before, between, after)] == [404, 403, 201]
