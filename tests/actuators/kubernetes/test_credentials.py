"""Credentials that do not last: they are read again where they lie, and no act fails for it."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from actuators.kubernetes.api import Api
from actuators.kubernetes.config import KubernetesConfig, client_of
from schemas.cluster.api import ApiError, Unreached
from tests.actuators.kubernetes.cluster import Site, command
from tests.actuators.site import open_gate

PLUGIN = """\
import json, pathlib
said = json.loads(pathlib.Path(__file__).with_name("said").read_text())
asked = pathlib.Path(__file__).with_name("asked")
asked.write_text(asked.read_text() + "x" if asked.exists() else "x")
about = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": said}
print(json.dumps(about) if said else "nothing")
"""
LONG_AGO, FAR_AHEAD = "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


class Plugin:
    """A program that a kubeconfig names, which gives credentials."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = folder / "plugin.py"
        self._program.write_text(PLUGIN, encoding="utf-8")

    @property
    def user(self) -> Mapping[str, Any]:
        about = {"command": sys.executable, "args": [str(self._program)]}
        return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", **about}}

    def says(self, token: str = "", expires: str = "") -> None:
        told = {"token": token} if token else {}
        told |= {"expirationTimestamp": expires} if expires else {}
        (self._folder / "said").write_text(json.dumps(told), encoding="utf-8")

    @property
    def asked(self) -> int:
        return len((self._folder / "asked").read_text(encoding="utf-8"))


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def known_by(shop: Site, user: Mapping[str, Any]) -> None:
    """Have the kubeconfig name this user."""
    config = shop.server.kubeconfig()
    config["users"][0]["user"] = dict(user)
    shop.kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")


@asynccontextmanager
async def asking(shop: Site) -> AsyncIterator[Api]:
    api = Api(await client_of(KubernetesConfig(kubeconfig=shop.kubeconfig)), 5)
    yield api
    await api.close()


async def test_a_token_that_is_replaced_in_its_file_is_read_again(shop: Site, tmp_path: Path) -> None:
    """In the middle of a run the server takes only the new one; the act happens once, and the watches go on."""
    file = tmp_path / "token"
    file.write_text("first\n", encoding="utf-8")
    shop.server.token = "first"
    known_by(shop, {"tokenFile": str(file)})
    async with shop.actuator() as actuator:
        given = await command(actuator, "scale", "deployment:shop/web", replicas=2)
        file.write_text("second\n", encoding="utf-8")
        shop.server.token = "second"
        await actuator.execute(given, open_gate)
        shop.server.disconnect()
        shop.cluster.delete("replicasets", "shop", "solo")
        await shop.known(actuator)
    assert [each.request.name for each in shop.cluster.applied] == ["web"]


async def test_a_plugin_is_asked_again_before_what_it_gave_expires(shop: Site, plugin: Plugin) -> None:
    """So no request is refused; while it lasts the plugin is not asked."""
    plugin.says("first", LONG_AGO)
    shop.server.token = "first"
    known_by(shop, plugin.user)
    async with asking(shop) as api:
        plugin.says("second", FAR_AHEAD)
        shop.server.token = "second"
        for _ in range(3):
            await api.get("/api/v1/nodes")
    assert shop.server.credentials == ["Bearer second"] * 3
    assert plugin.asked == 2


async def test_a_plugin_that_does_not_say_how_long_is_asked_when_it_is_refused(shop: Site, plugin: Plugin) -> None:
    """Once for each time that the server no longer takes its credentials, and not for every request."""
    plugin.says("first")
    shop.server.token = "first"
    known_by(shop, plugin.user)
    async with asking(shop) as api:
        await api.get("/api/v1/nodes")
        plugin.says("second")
        shop.server.token = "second"
        for _ in range(3):
            await api.get("/api/v1/nodes")
    assert plugin.asked == 2


async def test_credentials_that_are_refused_and_not_replaced_are_an_answer(shop: Site) -> None:
    """The server has said no, and nothing was done; nobody asks for ever."""
    shop.server.token = "another"
    async with asking(shop) as api:
        with pytest.raises(ApiError, match="401 Unauthorized"):
            await api.get("/api/v1/nodes")
    assert len(shop.server.requests) == 1


async def test_a_plugin_that_gives_nothing_leaves_nobody_anonymous(shop: Site, plugin: Plugin) -> None:
    """What comes without credentials is not sent."""
    plugin.says("first")
    shop.server.token = "first"
    known_by(shop, plugin.user)
    async with asking(shop) as api:
        plugin.says()
        shop.server.token = "second"
        with pytest.raises(Unreached, match="no credentials"):
            await api.get("/api/v1/nodes")
    assert "" not in shop.server.credentials
