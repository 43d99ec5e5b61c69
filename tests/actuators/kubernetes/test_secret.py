"""Secrets of a cluster, as other actuators refer to them."""

import base64
from pathlib import Path

import pytest

from actuators.kubernetes.secret import resolve
from engine.runtime.registry import resolvers
from schemas.secrets import SecretUnavailable
from tests.actuators.kubernetes.cluster import Site, site
from tests.kubernetes_server.rbac import Rbac


def put(shop: Site, **data: bytes) -> None:
    values = {key: base64.b64encode(value).decode() for key, value in data.items()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pager", "namespace": "shop"}, "data": values}
    shop.cluster.create("secrets", body)


async def test_a_reference_is_the_value_of_the_key(tmp_path: Path) -> None:
    """Read when it is used: one that was replaced counts at once."""
    async with site(tmp_path) as shop:
        put(shop, token=b"t0p-secret")
        assert await resolve("shop/pager/token", {"KUBECONFIG": str(shop.kubeconfig)}) == "t0p-secret"


@pytest.mark.parametrize(
    ("reference", "said"),
    [("shop/none/token", "404"), ("shop/pager/none", "has no such key"), ("shop/pager/blob", "is no text")],
)
async def test_what_is_not_there_is_named_and_nothing_else_is(tmp_path: Path, reference: str, said: str) -> None:
    """The message names the reference, and no value."""
    async with site(tmp_path) as shop:
        put(shop, token=b"t0p-secret", blob=b"\xff\xfe")
        with pytest.raises(SecretUnavailable, match=said) as caught:
            await resolve(reference, {"KUBECONFIG": str(shop.kubeconfig)})
        assert f"kubernetes:{reference}" in str(caught.value)
        assert "t0p" not in str(caught.value)


async def test_without_the_right_to_it_there_is_none(tmp_path: Path) -> None:
    """The rights for acts do not reach it."""
    async with site(tmp_path) as shop:
        put(shop, token=b"t0p-secret")
        shop.server.rbac = Rbac([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}])
        with pytest.raises(SecretUnavailable, match="403"):
            await resolve("shop/pager/token", {"KUBECONFIG": str(shop.kubeconfig)})


async def test_without_a_cluster_it_is_said_what_to_do(tmp_path: Path) -> None:
    """Neither a kubeconfig nor a pod's service account."""
    with pytest.raises(SecretUnavailable, match="actuator kubernetes"):
        await resolve("shop/pager/token", {"KUBECONFIG": str(tmp_path / "none")})


def test_it_is_found_by_its_scheme() -> None:
    """By entry point, as others may add schemes."""
    assert resolvers()["kubernetes"] is resolve
