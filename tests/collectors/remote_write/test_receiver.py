"""The receiver over HTTP: what it answers, and that 204 means stored."""

import asyncio
import base64
import contextlib
import random
import ssl
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collectors.receiving.config import check_installed
from collectors.receiving.gate import Refused
from collectors.receiving.server import bound
from collectors.remote_write import SPEC, collect
from collectors.remote_write.config import RemoteWriteConfig
from collectors.remote_write.endpoint import decompressed
from collectors.remote_write.protobuf import Malformed
from collectors.remote_write.server import NAME, PATH, receive
from engine.runtime.batches import Batches
from engine.runtime.bus import Bus
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.codec import decode
from schemas.labels import canonical, text
from schemas.plugins import CollectorSpec
from schemas.samples import STALE, STALE_BITS, Metadata, SampleBatch
from tests.collectors.contexts import by_text, context
from tests.collectors.remote_write.receiver import Host, compressed, push, receiving
from tests.collectors.remote_write.wire import Series, metadata, request
from tests.conftest import NODE, ServerUnderTest
from tests.runtime.roles import agent, stored

TIME_MS = 1_700_000_000_000
UP = {"__name__": "up", "instance": "a:1", "job": "shop"}
ONE = compressed(request((UP, [(TIME_MS, 1.0)])))


def scrape(count: int, time_ms: int = TIME_MS) -> list[Series]:
    return [({**UP, "path": f"/{at}"}, [(time_ms, float(at))]) for at in range(count)]


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"prom:{password}".encode()).decode()}


async def test_what_was_sent_comes_out_however_it_was_split(tmp_path: Path) -> None:
    """Scrape after scrape, cut into requests at other places each time, by several senders at once."""
    chance = random.Random(7)
    sent = [scrape(50, TIME_MS + 15_000 * number) for number in range(5)]
    async with receiving(tmp_path) as host:
        for each in sent:
            cut = chance.randrange(len(each))
            pieces = (each[:cut], each[cut:])
            answers = await asyncio.gather(*(push(host, compressed(request(*piece))) for piece in pieces))
            assert [answer.status_code for answer in answers] == [204, 204]
    expected = Counter(
        (canonical(labels), time_ms, value) for each in sent for labels, samples in each for time_ms, value in samples
    )
    assert host.samples() == expected
    assert len({id(reading.series) for reading in host.pushed}) <= 2
    assert {reading.source for reading in host.pushed} == {"remote_write"}


async def test_what_is_known_of_a_metric_goes_with_its_series(tmp_path: Path) -> None:
    """Prometheus says it in requests of its own, in any order with the samples."""
    async with receiving(tmp_path, source="prom") as host:
        for data in (metadata(2, "up", "Whether it is up."), request((UP, [(TIME_MS, 1.0)]))):
            assert (await push(host, compressed(data))).status_code == 204
    (reading,) = host.pushed
    (batch,) = Batches(lambda: TIME_MS).of(reading)
    assert batch.metadata == {"up": Metadata("gauge", "Whether it is up.")}
    assert reading.source == "prom"


@pytest.mark.parametrize(
    ("body", "headers", "status", "why"),
    [
        (ONE, {}, 204, ""),
        (ONE, {"Content-Type": "application/x-protobuf;proto=prometheus.WriteRequest"}, 204, ""),
        (ONE, {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}, 415, "Content-Type"),
        (ONE, {"Content-Type": "application/json"}, 415, "expected Content-Type application/x-protobuf"),
        (ONE, {"Content-Encoding": "gzip"}, 415, "expected Content-Encoding snappy"),
        (b"\xff" * 20, {}, 400, "expected a block of snappy"),
        (b"", {}, 400, "expected a block of snappy"),
        (compressed(b"\x0a\x05"), {}, 400, "field 1 is longer than what holds it"),
        (compressed(bytes(3000)), {}, 413, "more than 2000 bytes"),
        (bytes(3000), {}, 413, "more than 2000 bytes"),
        (compressed(request(*scrape(9))), {}, 429, "8 series are known (max_series)"),
        (compressed(b""), {}, 204, ""),
    ],
)
async def test_the_answer_says_what_is_wrong(
    tmp_path: Path, body: bytes, headers: dict[str, str], status: int, why: str
) -> None:
    """With the status by which a sender decides what to do, and in words for a person."""
    async with receiving(tmp_path, body_size_limit_bytes=2000, max_series=8) as host:
        answer = await push(host, body, headers)
        assert (answer.status_code, why in answer.text) == (status, True)
        assert (await push(host, compressed(request(*scrape(1))))).status_code == 204


@given(st.binary(max_size=60), st.integers(0, 50), st.binary(max_size=3))
def test_any_body_is_unpacked_or_refused(body: bytes, at: int, damage: bytes) -> None:
    """Random bytes, and a block of snappy that was damaged, raise nothing but what is answered 400 or 413."""
    for each in (body, ONE[:at] + damage + ONE[at + len(damage) :]):
        with contextlib.suppress(Malformed, Refused):
            assert len(decompressed(each, 1000)) <= 1000


async def test_only_those_with_the_secret_may_push(tmp_path: Path) -> None:
    """It is read anew for each request; while it cannot be read the sender is told to come again."""
    secret = tmp_path / "secret"
    settings = {"username": "prom", "password_file": str(secret)}
    async with receiving(tmp_path, basic_auth=settings) as host:
        unreadable = await push(host, ONE, basic("one"))
        assert (unreadable.status_code, unreadable.headers["retry-after"]) == (503, "1")
        secret.write_text("one\n", encoding="utf-8")
        assert (await push(host, ONE, basic("one"))).status_code == 204
        secret.write_text("two\n", encoding="utf-8")
        refused = [await push(host, ONE, basic("one")), await push(host, ONE)]
        assert [(each.status_code, each.headers["www-authenticate"]) for each in refused] == [(401, "Basic")] * 2
    async with receiving(tmp_path, bearer_token_file=str(secret)) as host:
        answers = [await push(host, ONE, {"Authorization": f"Bearer {token}"}) for token in ("one", "two")]
        assert [answer.status_code for answer in answers] == [401, 204]


async def test_over_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    """With the certificate of the configuration."""
    tls = dict(zip(("cert_file", "key_file"), map(str, certificate), strict=True))
    trusting = ssl.create_default_context(cafile=certificate[0])
    trusting.check_hostname = False
    async with receiving(tmp_path, scheme="https", tls=tls) as host:
        assert (await push(host, ONE, verify=trusting)).status_code == 204


async def test_nothing_is_acknowledged_before_it_is_stored(tmp_path: Path) -> None:
    """The answer waits; when it has waited too long the sender is asked to send again, and nothing is sent twice."""
    async with receiving(tmp_path, storing=False, answer_within_s=0.1) as host:
        late = await push(host, ONE)
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
        (reading,) = host.pushed
        assert reading.receipt
        assert reading.receipt.done()
        host.storing.set()
        assert (await push(host, ONE)).status_code == 204


async def test_what_is_acknowledged_is_in_the_journal(nats_server: ServerUnderTest, bus: Bus, tmp_path: Path) -> None:
    """A push that is answered 204 can be read by whoever reads the journal, already then, bit for bit."""
    source = f"pushed-{new_id()}"
    listener = bound("127.0.0.1:0", NAME)
    spec = CollectorSpec(
        name="remote_write",
        summary="On a socket that is there.",
        config=RemoteWriteConfig,
        collect=lambda config, context: receive(config, context, listener),
    )
    host = Host(f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}")
    settings = RemoteWriteConfig(source=source)
    async with agent(nats_server, tmp_path, {"remote_write": spec}, {"remote_write": settings}):
        ended = request((UP, [(TIME_MS, STALE)]))
        assert (await push(host, compressed(ended))).status_code == 204
        found = await stored(bus, subjects.JOURNAL, subjects.metrics(NODE, source))
    bodies = [decode(message.subject, message.data) for message in found]
    (batch,) = [body for body in bodies if isinstance(body, SampleBatch) and body.series == [canonical(UP)]]
    assert batch.time_ms == TIME_MS
    assert batch.values == STALE_BITS.to_bytes(8, "little")


async def test_requests_that_wait_are_bounded(tmp_path: Path) -> None:
    """One more than may wait is told to come again; those that wait are answered when they are stored."""
    async with receiving(tmp_path, storing=False, max_pending_requests=1) as host:
        waiting = asyncio.create_task(push(host, ONE))
        await host.came.wait()
        refused = await push(host, ONE)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert "max_pending_requests" in refused.text
        host.storing.set()
        assert (await waiting).status_code == 204


async def test_the_receiver_counts(tmp_path: Path) -> None:
    """Its own metrics come as readings of the same source."""
    async with receiving(tmp_path) as host:
        await push(host, ONE)
        await push(host, b"?")
        for _ in range(2):  # the first may have been under way before
            host.reported.clear()
            await host.reported.wait()
    labels = 'instance="n1", job="remote_write"'
    assert by_text(host.own[-1]) == {
        f"reflexarc_remote_write_samples_total{{{labels}}}": 1,
        f"reflexarc_remote_write_series{{{labels}}}": 1,
        f"reflexarc_remote_write_pending_requests{{{labels}}}": 0,
        f'reflexarc_remote_write_dropped_total{{{labels}, kind="exemplar"}}': 0,
        f'reflexarc_remote_write_dropped_total{{{labels}, kind="histogram"}}': 0,
        f'reflexarc_remote_write_requests_total{{code="204", {labels}}}': 1,
        f'reflexarc_remote_write_requests_total{{code="400", {labels}}}': 1,
    }
    assert all(text(series) for series in host.own[-1].series)


async def test_an_address_in_use_is_named(tmp_path: Path) -> None:
    """The collector ends with an error that says where it could not listen."""
    with bound("127.0.0.1:0", NAME) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match=f"remote_write cannot listen on {address}"):
            await anext(collect(RemoteWriteConfig(listen=address), context(tmp_path)))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"listen": "9201"}, 'expected host:port, got "9201"'),
        ({"listen": "a:99999"}, "expected host:port"),
        ({"basic_auth": {"username": "a", "password_file": "x"}, "bearer_token_file": "y"}, "at most one of"),
        ({"tls": {"cert_file": "x"}}, "key_file"),
        ({"port": 1}, "Extra inputs"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(settings: dict[str, Any], why: str) -> None:
    """By the name of the field."""
    with pytest.raises(ValidationError, match=why):
        RemoteWriteConfig.model_validate(settings)


def test_what_is_not_installed_names_the_extra() -> None:
    """An agent without it is told what to install, and nothing else of it needs the libraries."""
    check_installed(RemoteWriteConfig.needed)
    with pytest.raises(ValueError, match=r"no_such_module is not installed: install reflexarc\[ingest\]"):
        check_installed(["no_such_module", *RemoteWriteConfig.needed])


def test_the_example_is_valid() -> None:
    """What the reference page shows can be copied."""
    RemoteWriteConfig.model_validate(yaml.safe_load(SPEC.example)["remote_write"])
