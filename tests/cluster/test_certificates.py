"""Certificates that do not last: a client's that is renewed, and an authority that gives way to another."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from schemas.cluster.api import ApiError, Reader, Unreached
from schemas.cluster.client import client_of
from tests.cluster.authority import Authority
from tests.cluster.front import TlsFront
from tests.kubernetes_server import KubernetesServer

NODES = "/api/v1/nodes"


class Place:
    """The files that a kubeconfig names, and who the server of that address takes for itself."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self.authority = Authority(folder, "authority")

    def front(self) -> TlsFront:
        return TlsFront(self._url, self.authority, self._folder)

    def renewed(self) -> int:
        """The client's certificate is another; its serial number."""
        return self.authority.sign("client", self._folder / "client.pem", self._folder / "client.key")

    @contextlib.asynccontextmanager
    async def reading(self, front: TlsFront) -> AsyncIterator[Reader]:
        files = {"client-certificate": "client.pem", "client-key": "client.key"}
        cluster = {"server": f"https://127.0.0.1:{front.port}", "certificate-authority": "authority.pem"}
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": files}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        }
        (self._folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig), encoding="utf-8")
        api = Reader(await client_of(self._folder / "kubeconfig", None), 5.0)
        try:
            yield api
        finally:
            await api.close()


@contextlib.asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[Place]:
    async with KubernetesServer() as server:
        yield Place(folder, server.url)


async def test_a_certificate_that_is_replaced_in_its_file_is_read_again(tmp_path: Path) -> None:
    """Once the server takes only the new one, nobody who asks is refused, however many ask at once."""
    async with standing(tmp_path) as place, place.front() as front:
        front.serial = place.renewed()
        async with place.reading(front) as api:
            await asyncio.gather(*(api.get(NODES) for _ in range(10)))
            front.serial = place.renewed()
            listed = await asyncio.gather(*(api.get(NODES) for _ in range(10)))
            front.serial = place.renewed()
            listed.append(await api.get(NODES))
    assert {each["kind"] for each in listed} == {"NodeList"}


async def test_a_watch_goes_on_by_the_connection_that_it_has(tmp_path: Path) -> None:
    """While others already ask by the new certificate."""
    async with standing(tmp_path) as place, place.front() as front:
        front.serial = place.renewed()
        async with place.reading(front) as api:
            listed = await api.get(NODES)
            async with api.watch("/api/v1/namespaces/shop/pods", listed["metadata"]["resourceVersion"]) as events:
                heard = asyncio.ensure_future(anext(events))
                front.serial = place.renewed()
                await api.get(NODES)
                assert not heard.done()
                heard.cancel()
                await asyncio.wait([heard])
    assert heard.cancelled()


async def test_a_certificate_that_is_refused_and_not_replaced_is_an_answer(tmp_path: Path) -> None:
    """The server has said no, and nothing was done; nobody asks for ever."""
    async with standing(tmp_path) as place, place.front() as front:
        place.renewed()
        async with place.reading(front) as api:
            with pytest.raises(ApiError, match="401 Unauthorized"):
                await api.get(NODES)


async def test_a_server_of_another_authority_is_known_once_the_authority_is(tmp_path: Path) -> None:
    """Until then it is not spoken to."""
    async with standing(tmp_path) as place, place.front() as front:
        front.serial = place.renewed()
        async with place.reading(front) as api:
            await api.get(NODES)
            another = Authority(tmp_path, "another")
            front.trust(another)
            front.disconnect()
            with pytest.raises(Unreached, match="CERTIFICATE_VERIFY_FAILED"):
                await api.get(NODES)
            place.authority.file.write_bytes(another.file.read_bytes())
            assert (await api.get(NODES))["kind"] == "NodeList"
