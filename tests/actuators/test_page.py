"""Actuator `page`: people are told once, and what cannot be known is said."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from actuators.page import SPEC, PageActuator, PageConfig, build
from schemas.plugins import ActuatorContext, ConditionFailed, EffectFailed, EffectUnknown
from schemas.secrets import SecretUnavailable
from tests.actuators.site import Shelf, command, open_gate

PAGE = command("page", "receiver:oncall", {}, severity="page")


async def pager(directory: Path, **receiver: object) -> PageActuator:
    config = PageConfig.model_validate({"receivers": {"oncall": receiver}})
    return await build(config, ActuatorContext(scope="n1", state_dir=directory, now_ms=lambda: 1_000, evidence=Shelf()))


class Oncall(ThreadingHTTPServer):
    """A webhook that remembers what it was told, and answers with `status`. One that is not `up` has its port, but no
    connection before `server_activate`."""

    def __init__(self, *, up: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), OncallHandler, bind_and_activate=False)
        self.server_bind()
        if up:
            self.server_activate()
        self.status = 202
        self.posts: list[tuple[str, str, dict[str, object]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class OncallHandler(BaseHTTPRequestHandler):
    server: Oncall

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posts.append((self.headers["Idempotency-Key"], self.headers.get("Authorization", ""), body))
        if self.server.status:
            self.send_response(self.server.status)
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server names it
        """Tests are quiet."""


@contextmanager
def serving(server: Oncall) -> Iterator[Oncall]:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def oncall() -> Iterator[Oncall]:
    with serving(Oncall()) as server:
        yield server


async def test_a_page_is_one_line_however_often_it_is_sent(tmp_path: Path) -> None:
    """The file keeps the mark of it, which is what `observe` finds."""
    actuator = await pager(tmp_path, file=str(tmp_path / "pages" / "oncall.jsonl"))
    assert await actuator.observe(PAGE) == "absent"
    effect = await actuator.execute(PAGE, open_gate)
    assert await actuator.execute(PAGE, open_gate) == effect
    assert await actuator.observe(PAGE) != "absent"
    lines = (tmp_path / "pages" / "oncall.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "message": "the worker is down",
            "severity": "page",
            "command": "c1",
            "time_ms": 1_000,
            "origin": "Heal",
            "ladder": "l1",
            "step": 1,
        }
    ]


async def test_a_torn_line_spoils_neither_the_search_nor_the_next_page(tmp_path: Path) -> None:
    """A full disk may cut a line short; the next one still stands alone."""
    file = tmp_path / "pages.jsonl"
    file.write_text('["c1"]\n{"command": "c1", "mess')
    actuator = await pager(tmp_path, file=str(file))
    assert await actuator.observe(PAGE) == "absent"
    await actuator.execute(PAGE, open_gate)
    assert json.loads(file.read_text().splitlines()[-1])["command"] == "c1"


async def test_a_file_that_cannot_be_written_fails_the_command(tmp_path: Path) -> None:
    """The world's failure is an outcome."""
    (tmp_path / "taken").write_text("")
    actuator = await pager(tmp_path, file=str(tmp_path / "taken" / "pages.jsonl"))
    with pytest.raises(EffectFailed):
        await actuator.execute(PAGE, open_gate)


async def test_a_webhook_gets_the_command_as_its_idempotency_key(
    tmp_path: Path, oncall: Oncall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its secrets come from the environment; whether it came through cannot be asked later."""
    monkeypatch.setenv("ONCALL_URL", oncall.url)
    monkeypatch.setenv("ONCALL_AUTH", "Bearer hush")
    actuator = await pager(tmp_path, webhook="env:ONCALL_URL", headers={"Authorization": "env:ONCALL_AUTH"})
    effect = await actuator.execute(PAGE, open_gate)
    assert effect.detail == "answered 202"
    assert [(key, auth, body["message"]) for key, auth, body in oncall.posts] == [
        ("c1", "Bearer hush", "the worker is down")
    ]
    assert await actuator.observe(PAGE) == "unmarked"
    assert "hush" not in str(await actuator.inventory())


@pytest.mark.parametrize(
    ("status", "error", "detail"), [(503, EffectFailed, "answered 503"), (0, EffectUnknown, "it may have arrived")]
)
async def test_what_may_have_arrived_is_not_sent_again(
    tmp_path: Path, oncall: Oncall, status: int, error: type[Exception], detail: str
) -> None:
    """Only a failed connect is tried again: a refusal is an answer, and a broken answer proves nothing."""
    oncall.status = status
    actuator = await pager(tmp_path, webhook=oncall.url)
    with pytest.raises(error, match=detail):
        await actuator.execute(PAGE, open_gate)
    assert len(oncall.posts) == 1


async def test_a_webhook_that_comes_up_late_is_reached(tmp_path: Path) -> None:
    """Attempts to connect are repeated, each behind the gate."""
    down = Oncall(up=False)
    gates = 0
    with ExitStack() as late:

        async def gate() -> None:
            nonlocal gates
            gates += 1
            if gates == 2:
                down.server_activate()
                late.enter_context(serving(down))

        actuator = await pager(tmp_path, webhook=down.url)
        await actuator.execute(PAGE, gate)
    assert gates == 2


async def test_a_webhook_that_is_not_there_fails_the_command(tmp_path: Path) -> None:
    """After some attempts the next step is due, and the outcome says why."""
    with Oncall(up=False) as down:
        actuator = await pager(tmp_path, webhook=down.url)
        with pytest.raises(EffectFailed, match="no connection"):
            await actuator.execute(PAGE, open_gate)


async def test_nobody_is_told_behind_a_closed_gate(tmp_path: Path, oncall: Oncall) -> None:
    """Neither way."""

    class Lost(Exception):
        pass

    async def closed_gate() -> None:
        raise Lost

    for receiver in ({"file": str(tmp_path / "pages")}, {"webhook": oncall.url}):
        with pytest.raises(Lost):
            await (await pager(tmp_path, **receiver)).execute(PAGE, closed_gate)
    assert oncall.posts == []
    assert not (tmp_path / "pages").exists()


async def test_an_unknown_receiver_is_refused(tmp_path: Path) -> None:
    """Receivers are targets like any other."""
    actuator = await pager(tmp_path, file=str(tmp_path / "pages"))
    assert [(found.id, found.lock) for found in await actuator.inventory()] == [("receiver:oncall", "receiver:oncall")]
    with pytest.raises(ConditionFailed):
        await actuator.execute(command("page", "receiver:nobody", {}), open_gate)


@pytest.mark.parametrize("webhook", ["file:pages", "env:", "kubernetes:a/b", "ftp://example.org", "oncall", "http://"])
def test_a_wrong_webhook_is_an_error_of_the_configuration(webhook: str) -> None:
    """It is found when the actuator starts, not in the night."""
    with pytest.raises(ValidationError):
        PageConfig.model_validate({"receivers": {"oncall": {"webhook": webhook}}})


async def test_a_secret_that_is_not_there_is_found_at_the_start(tmp_path: Path) -> None:
    """By its reference."""
    with pytest.raises(SecretUnavailable, match="env:NOT_SET_ANYWHERE"):
        await pager(tmp_path, webhook="env:NOT_SET_ANYWHERE")


def test_paging_changes_nothing() -> None:
    """So neither a halt nor settling keeps people from being told."""
    assert [(verb.name, verb.changes_target) for verb in SPEC.verbs] == [("page", False)]
