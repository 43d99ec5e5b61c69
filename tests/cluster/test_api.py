"""Answers of an API server, and of those on the way to it, as errors that say what they mean."""

from pathlib import Path
from typing import Any

import pytest

from schemas.cluster.api import ApiError
from tests.cluster.kept import reading
from tests.kubernetes_server import ApiStatus, KubernetesServer, Request
from tests.kubernetes_server.rbac import Rbac

PODS = "/api/v1/pods"


class Refusing(Rbac):
    """Whoever asks is answered by this."""

    def __init__(self, status: ApiStatus) -> None:
        super().__init__(())
        self._status = status

    def allows(self, request: Request) -> bool:
        raise self._status


async def refused(folder: Path, status: ApiStatus) -> ApiError:
    """What is raised for it."""
    async with KubernetesServer(rbac=Refusing(status)) as server, reading(server, folder) as api:
        with pytest.raises(ApiError) as told:
            await api.get(PODS)
    return told.value


@pytest.mark.parametrize(
    ("header", "details", "after_s"),
    [
        ("7", {}, 7),
        ("", {"retryAfterSeconds": 5}, 5),
        ("7", {"retryAfterSeconds": 5}, 7),
        ("Fri, 31 Dec 1999 23:59:59 GMT", {}, 0),
        ("-1", {}, 0),
        ("", {"retryAfterSeconds": "soon"}, 0),
        ("", {}, 0),
    ],
)
async def test_a_busy_server_says_when_to_ask_again(
    tmp_path: Path, header: str, details: dict[str, Any], after_s: float
) -> None:
    """In a header, or else in its details; what is no number of seconds says nothing."""
    status = ApiStatus(429, "TooManyRequests", "storage is (re)initializing", retry_after=header)
    status.body["details"] = details
    assert (await refused(tmp_path, status)).retry_after_s == after_s


@pytest.mark.parametrize(
    "details", [None, "text", [], {"causes": "text"}, {"causes": ["text", None]}, {"causes": [{}]}]
)
async def test_a_refusal_without_details_is_one(tmp_path: Path, details: Any) -> None:
    """Whoever has written it: with its code, its reason and its message."""
    status = ApiStatus(403, "Forbidden", "pods is forbidden")
    status.body["details"] = details
    error = await refused(tmp_path, status)
    assert (error.code, error.reason, error.message) == (403, "Forbidden", "pods is forbidden")


@pytest.mark.parametrize("body", [[], "no such host", {}, {"message": 5}])
async def test_a_refusal_of_a_proxy_is_one(tmp_path: Path, body: Any) -> None:
    """It says what it likes; the code counts."""
    status = ApiStatus(502, "", "")
    status.body = body
    assert (await refused(tmp_path, status)).code == 502
