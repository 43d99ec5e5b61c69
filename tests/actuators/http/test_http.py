"""Actuator `http`: a declared request goes to the declared host, once, and its answer means what it says."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import ValidationError

from actuators.http.config import HttpConfig
from schemas.plugins import ConditionFailed, Effect, EffectFailed, EffectUnknown
from schemas.secrets import Secrets
from tests.actuators.http.server import FAULTS, Fault, Server, call, calling, serving
from tests.actuators.site import open_gate

ANY = {"type": "text", "pattern": "(?s).*"}
OBSERVED = "/done/{command_id}"


async def test_a_request_is_what_was_declared(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Method, path, query, headers and body, with the command as its idempotency key."""
    monkeypatch.setenv("HOOK_AUTH", "Bearer hush hush")
    async with calling(
        tmp_path,
        method="PUT",
        url=f"{server.url}/zones/{{zone}}/x?count={{count}}&by=us",
        headers={"Authorization": "env:HOOK_AUTH", "X-Plain": "text"},
        json_body={"files": ["{zone}", 7], "count": "{count}", "why": "for {zone} ({command_id})", "{zone}": None},
        parameters={"zone": ANY, "count": {"type": "integer", "min": 1, "max": 9}},
    ) as actuator:
        effect = await actuator.execute(call(zone="a/b", count="3"), open_gate)
        assert "hush" not in repr((effect, await actuator.inventory(), vars(actuator)))
    (received,) = server.received
    assert (received.method, received.path) == ("PUT", "/zones/a%2Fb/x?count=3&by=us")
    assert received.body == {"files": ["a/b", 7], "count": 3, "why": "for a/b (c1)", "{zone}": None}
    sent = {name: received.headers[name] for name in ("Idempotency-Key", "Authorization", "X-Plain", "Content-Type")}
    assert list(sent.values()) == ["c1", "Bearer hush hush", "text", "application/json"]
    assert effect.detail == "answered 202"


VALUES = (
    "../../admin", "..", ".", "a/../b", "%2e%2e/admin", "a?b=c", "a#b", "a&admin=1", "a;b", "//example.org/x",
    "\\\\example.org", "http://169.254.169.254/latest", "@example.org", "example.org:80", '","admin":true,"x":"',
    "\\u0022", "{command_id}", "{{x}}", "ü ∂", " ", "+", "a=b", "%00", "%0d%0aHost: x", "'", "null", "7", "",
)  # fmt: skip


async def test_no_value_is_more_than_its_part(tmp_path: Path, server: Server) -> None:
    """Neither of the path, nor of the query, nor of the body; and no other host is ever asked."""
    async with calling(
        tmp_path,
        url=f"{server.url}/zones/{{value}}/purge?q={{value}}",
        json_body={"text": "{value}", "within": "a{value}"},
        parameters={"value": ANY},
    ) as actuator:
        for number, value in enumerate(VALUES):
            before = len(server.received)
            sending = actuator.execute(call(by=f"c{number}", value=value), open_gate)
            if value in ("", ".", ".."):
                with pytest.raises(EffectFailed, match="a part of a path"):
                    await sending
                assert len(server.received) == before
                continue
            await sending
            received = server.received[-1]
            path, _, query = received.path.partition("?")
            before_it, zones, segment, purge = path.split("/")
            assert (before_it, zones, unquote(segment), purge) == ("", "zones", value, "purge")
            assert [unquote(each) for each in query.split("=", 1)] == ["q", value]
            assert received.body == {"text": value, "within": f"a{value}"}
            assert received.headers["Host"] == server.url.removeprefix("http://")


@pytest.mark.parametrize("value", ["x\r\nHost: y", "x\0", "-x", "\udcff", "x" * 300, None, ["x"], True])
async def test_what_is_no_value_is_not_sent(tmp_path: Path, server: Server, value: Any) -> None:
    """Even by a pattern that lets all through."""
    async with calling(tmp_path, url=f"{server.url}/x?q={{value}}", parameters={"value": ANY}) as actuator:
        with pytest.raises(EffectFailed, match="value: expected"):
            await actuator.execute(call(value=value), open_gate)
    assert server.received == []


# What becomes of a command by the first request's fault: how it ends, and how often it has its effect.
PLAIN: dict[Fault, tuple[type[Exception] | None, str, int]] = {
    "500 before": (EffectUnknown, "answered 500: .*it may have happened", 0),
    "500 after": (EffectUnknown, "answered 500: .*it may have happened", 1),
    "429": (EffectFailed, "answered 429: slow down", 0),
    "reset before": (EffectUnknown, "after sending: it may have happened", 0),
    "reset after": (EffectUnknown, "after sending: it may have happened", 1),
    "silent before": (EffectUnknown, "ReadTimeout after sending: it may have happened", 0),
    "silent after": (EffectUnknown, "ReadTimeout after sending: it may have happened", 1),
    "302": (EffectFailed, "redirects are not followed", 0),
}
OBSERVING = PLAIN | {
    "500 before": (EffectFailed, "it has not happened", 0),
    "500 after": (None, "found done: 200", 1),
    "reset after": (None, "found done: 200", 1),
    "silent after": (None, "found done: 200", 1),
}
IDEMPOTENT: dict[Fault, tuple[type[Exception] | None, str, int]] = {
    fault: PLAIN[fault] if fault == "302" else (None, "answered 202", 1) for fault in FAULTS
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["plain", "observing", "idempotent"])
async def test_a_fault_neither_repeats_nor_loses_an_effect(
    tmp_path: Path, server: Server, fault: Fault, kind: str
) -> None:
    """Once, or unknown; sent again only to an endpoint that is declared to bear it."""
    ends, detail, effects = {"plain": PLAIN, "observing": OBSERVING, "idempotent": IDEMPOTENT}[kind][fault]
    server.faults.append(fault)
    server.dedups = kind == "idempotent"
    more: dict[str, Any] = {"observe": {"url": server.url + OBSERVED}} if kind == "observing" else {}
    async with calling(
        tmp_path, url=f"{server.url}/x", timeout_s=0.1, idempotent=kind == "idempotent", **more
    ) as actuator:
        if ends is None:
            assert (await actuator.execute(call(), open_gate)).detail == detail
        else:
            with pytest.raises(ends, match=detail):
                await actuator.execute(call(), open_gate)
    assert server.effects["c1"] == effects
    assert len(server.received) == (2 if kind == "idempotent" and fault != "302" else 1)


async def test_a_refusal_after_an_attempt_that_may_have_arrived_proves_nothing(tmp_path: Path, server: Server) -> None:
    """The first may have done it, and the second be refused for that."""
    server.faults.extend(["silent after", "302"])
    async with calling(tmp_path, url=f"{server.url}/x", timeout_s=0.1, idempotent=True) as actuator:
        with pytest.raises(EffectUnknown, match="redirects are not followed: it may have happened"):
            await actuator.execute(call(), open_gate)


async def test_nothing_is_sent_again_for_ever(tmp_path: Path, server: Server) -> None:
    """After its attempts the last answer counts."""
    server.faults.extend(["429"] * 9)
    async with calling(tmp_path, url=f"{server.url}/x", idempotent=True, attempts=2) as actuator:
        with pytest.raises(EffectFailed, match="429"):
            await actuator.execute(call(), open_gate)
    assert len(server.received) == 2


async def test_a_server_that_comes_up_late_is_reached(tmp_path: Path) -> None:
    """A failed connect is tried again, each time behind the gate: what was to be sent certainly did not arrive."""
    with serving(Server()) as down:
        port = down.server_port
    gates = 0
    up = None

    async def gate() -> None:
        nonlocal gates, up
        gates += 1
        if gates == 2:
            up = serving(Server(port))
            up.__enter__()

    async with calling(tmp_path, url=f"http://127.0.0.1:{port}/x") as actuator:
        await actuator.execute(call(), gate)
    assert up
    up.__exit__(None, None, None)
    assert gates == 2


async def test_a_server_that_is_not_there_fails_the_command(tmp_path: Path) -> None:
    """It says so, and nothing is unknown about it."""
    with serving(Server()) as down:
        port = down.server_port
    async with calling(tmp_path, url=f"http://127.0.0.1:{port}/x", attempts=2) as actuator:
        with pytest.raises(EffectFailed, match="no connection"):
            await actuator.execute(call(), open_gate)


async def test_whether_it_happened_is_asked_of_the_endpoint(tmp_path: Path, server: Server) -> None:
    """By the command's id; an answer that is neither says nothing."""
    observe: dict[str, Any] = {"url": server.url + OBSERVED}
    async with calling(tmp_path, url=f"{server.url}/x", observe=observe) as actuator:
        assert await actuator.observe(call()) == "absent"
        await actuator.execute(call(), open_gate)
        assert isinstance(await actuator.observe(call()), Effect)
        assert (await actuator.execute(call(), open_gate)).detail == "found done: 200"
    async with calling(tmp_path, url=f"{server.url}/x", observe=observe | {"happened": [299]}) as actuator:
        assert await actuator.observe(call()) == "unmarked"
    async with calling(tmp_path, url=f"{server.url}/x") as actuator:
        assert await actuator.observe(call()) == "unmarked"
    assert server.effects["c1"] == 1


async def test_an_endpoint_that_was_declared_anew_is_not_called(tmp_path: Path, server: Server) -> None:
    """The decision was about another request."""
    async with calling(tmp_path, url=f"{server.url}/x") as actuator:
        (target,) = await actuator.inventory()
    async with calling(tmp_path, url=f"{server.url}/y") as actuator:
        with pytest.raises(ConditionFailed):
            await actuator.execute(call(condition=target.attributes), open_gate)
    assert server.received == []


async def test_a_secret_is_sent_and_told_nobody(tmp_path: Path, server: Server) -> None:
    """Not even by a server that complains of it; a new one counts from the next call on."""
    token, secrets = tmp_path / "token", Secrets()
    token.touch(0o600)
    token.write_text("Bearer 0123456789abcdef\n")
    server.faults.extend(["500 before"])
    async with calling(
        tmp_path, secrets, url=f"{server.url}/x", headers={"Authorization": f"file:{token}"}
    ) as actuator:
        with pytest.raises(EffectUnknown, match=r"no such token: \[secret\]") as failed:
            await actuator.execute(call(), open_gate)
        assert "0123456789" not in str(failed.value)
        token.write_text("Bearer rotated\n")
        await actuator.execute(call(by="c2"), open_gate)
        token.write_text("two\nlines")
        with pytest.raises(EffectFailed, match="header Authorization: expected visible characters") as refused:
            await actuator.execute(call(by="c3"), open_gate)
        assert "lines" not in str(refused.value).replace("on one line", "")
    assert [each.headers["Authorization"] for each in server.received] == ["Bearer 0123456789abcdef", "Bearer rotated"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"url": "https://{host}/x", "parameters": {"host": ANY}}, "scheme and host are fixed"),
        ({"url": "https://a{host}.example/x", "parameters": {"host": ANY}}, "scheme and host are fixed"),
        ({"url": "{all}", "parameters": {"all": ANY}}, "scheme and host are fixed"),
        ({"url": "/x"}, "scheme and host are fixed"),
        ({"url": "ftp://example.org/x"}, "http:// or https://"),
        ({"url": "https://user:password@example.org/x"}, "no user or password"),
        ({"url": "https://example.org/{x}"}, "no parameter x"),
        ({"url": "https://example.org/x", "parameters": {"x": ANY}}, "uses x"),
        ({"url": "https://example.org/x", "json_body": ["{x}"]}, "no parameter x"),
        ({"url": "https://example.org/x", "json_body": ["{x.y}"]}, "name of a parameter"),
        ({"url": "https://example.org/x", "headers": {"Host": "x"}}, "cannot be configured"),
        ({"url": "https://example.org/x", "headers": {"A b": "x"}}, "pattern"),
        ({"url": "https://example.org/x", "observe": {"url": "https://example.org/y"}}, "{command_id} in it"),
        (
            {
                "url": "https://example.org/x",
                "observe": {"url": "https://example.org/{command_id}", "happened": [404]},
            },
            "cannot say both",
        ),
    ],
)
def test_a_mistake_of_the_configuration_is_found_at_the_start(more: dict[str, object], said: str) -> None:
    """With what was expected."""
    with pytest.raises(ValidationError, match=said):
        HttpConfig.model_validate({"endpoints": {"hook": more}})
