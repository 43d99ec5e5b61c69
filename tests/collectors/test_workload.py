"""The workload collector: real processes, real HTTP servers."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from collectors.workload import WorkloadConfig, collect
from collectors.workload.process import CREATED_TOLERANCE_S, Processes
from schemas.plugins import Reading
from schemas.workloads import ReplicaStatus, WorkloadsStatus
from tests.collectors.contexts import by_name, by_text, context, next_samples


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is told otherwise."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def replica(pid: int, created_s: float, **changes: object) -> ReplicaStatus:
    status = ReplicaStatus(
        workload="shop",
        replica=0,
        instance="127.0.0.1:1",
        version="v1",
        state="running",
        generation=7,
        starts=3,
        pid=pid,
        created_s=created_s,
    )
    return msgspec.structs.replace(status, **changes)


def replica_of(process: subprocess.Popen[bytes], **changes: object) -> ReplicaStatus:
    return replica(process.pid, psutil.Process(process.pid).create_time(), **changes)


def write_status(path: Path, *replicas: ReplicaStatus) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(msgspec.json.encode(WorkloadsStatus(scope="n1", replicas=replicas)))
    beside.replace(path)


def values(process: ReplicaStatus, processes: Processes | None = None) -> dict[str, float]:
    return {name: value for name, _, value in (processes or Processes()).metrics(process, ())}


def collecting(tmp_path: Path) -> contextlib.AbstractAsyncContextManager[AsyncIterator[Reading]]:
    return contextlib.aclosing(collect(WorkloadConfig(status=tmp_path / "status.json"), context(tmp_path)))


@contextlib.asynccontextmanager
async def answering(response: bytes | None) -> AsyncIterator[str]:
    """An HTTP server on a free port: what it answers, or None for one that accepts and then hangs."""
    finished = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if response is None:
            await finished.wait()
        else:
            writer.write(response)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"
        finished.set()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BROKEN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def test_a_living_process_is_up_and_says_what_it_uses(process: subprocess.Popen[bytes]) -> None:
    """The metrics are those that client libraries expose of their own process."""
    measured = values(replica_of(process))
    assert measured["up"] == 1
    assert measured["process_resident_memory_bytes"] > 0
    assert measured["process_open_fds"] > 0
    assert measured["process_start_time_seconds"] == psutil.Process(process.pid).create_time()


def test_a_killed_process_is_down_at_once(process: subprocess.Popen[bytes]) -> None:
    """A zombie, which only waits to be waited for, is not alive; nor is what is gone altogether."""
    status, processes = replica_of(process), Processes()
    assert values(status, processes)["up"] == 1
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert values(status, processes) == {"up": 0}
    process.wait()
    assert values(status, processes) == {"up": 0}
    assert values(status) == {"up": 0}


def test_another_process_under_the_same_pid_is_not_the_replica(process: subprocess.Popen[bytes]) -> None:
    """A pid is only half a name; clocks of two readers may differ a little in the other half."""
    created_s = psutil.Process(process.pid).create_time()
    assert values(replica(process.pid, created_s + CREATED_TOLERANCE_S / 2))["up"] == 1
    assert values(replica(process.pid, created_s - 2 * CREATED_TOLERANCE_S)) == {"up": 0}


@pytest.mark.parametrize("pid", [0, -1, 2**31 - 1, 2**40])
def test_a_pid_that_is_nobodys_is_down(pid: int) -> None:
    """Whatever number the status file has, it is an answer and not an error."""
    assert values(replica(pid, 0.0)) == {"up": 0}


async def test_each_state_has_its_series(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    """Running replicas are measured, isolated ones are only named, stopped ones are not mentioned."""
    write_status(
        tmp_path / "status.json",
        replica_of(process),
        replica_of(process, replica=1, state="isolated"),
        replica_of(process, replica=2, state="stopped"),
    )
    async with collecting(tmp_path) as readings:
        scrape = by_text(await next_samples(readings))
    labels = 'instance="127.0.0.1:1", job="shop", replica="0"'
    assert scrape[f'up{{{labels}, workload="shop"}}'] == 1
    assert scrape[f'workload_replica_starts_total{{{labels}, workload="shop"}}'] == 3
    assert scrape[f'workload_replica_generation{{{labels}, workload="shop"}}'] == 7
    assert scrape[f'workload_info{{{labels}, version="v1", workload="shop"}}'] == 1
    assert [name for name in scrape if 'replica="1"' in name] == [
        'workload_replica_isolated{instance="127.0.0.1:1", job="shop", replica="1", workload="shop"}'
    ]
    assert not [name for name in scrape if 'replica="2"' in name]


async def test_without_a_status_file_there_is_only_the_news_of_it(tmp_path: Path) -> None:
    """A missing file is reported; when it comes, its replicas are measured."""
    readable = 'workload_status_readable{instance="n1", job="workload"}'
    async with collecting(tmp_path) as readings:
        assert by_text(await next_samples(readings)) == {readable: 0}
        write_status(tmp_path / "status.json", replica(0, 0.0))
        assert by_text(await next_samples(readings))[readable] == 1


async def test_a_broken_status_file_does_not_blind_us(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    """The replicas last known go on being watched, so a crash is seen even then."""
    write_status(tmp_path / "status.json", replica_of(process))
    async with collecting(tmp_path) as readings:
        await next_samples(readings)
        (tmp_path / "status.json").write_text('{"scope": "n1", "repl')
        process.kill()
        process.wait()
        scrape = by_name(await next_samples(readings))
    assert (scrape["workload_status_readable"], scrape["up"]) == (0, 0)


@pytest.mark.parametrize(("response", "success", "status"), [(OK, 1, 200), (BROKEN, 0, 503), (b"gibberish\r\n", 0, 0)])
async def test_health_is_what_the_replica_answers(tmp_path: Path, response: bytes, success: int, status: int) -> None:
    """Any 2xx is success; the status is given as it came, and is 0 where none came."""
    async with answering(response) as instance, collecting(tmp_path) as readings:
        write_status(tmp_path / "status.json", replica(0, 0.0, instance=instance, health_path="/healthz"))
        probe = by_text(await next_samples(readings, "probe:shop/0"))
    labels = f'instance="{instance}", job="shop", replica="0", workload="shop"'
    assert probe[f"probe_success{{{labels}}}"] == success
    assert probe[f"probe_http_status_code{{{labels}}}"] == status
    assert 0 < probe[f"probe_duration_seconds{{{labels}}}"] < 2


async def test_nobody_listening_is_a_failed_probe(tmp_path: Path) -> None:
    """A refused connection is an answer."""
    async with answering(OK) as instance:
        pass
    write_status(tmp_path / "status.json", replica(0, 0.0, instance=instance, health_path="/"))
    async with collecting(tmp_path) as readings:
        probe = by_name(await next_samples(readings, "probe:shop/0"))
    assert (probe["probe_success"], probe["probe_http_status_code"]) == (0, 0)


async def test_a_replica_that_hangs_delays_nobody(tmp_path: Path) -> None:
    """Scrapes and the probes of others go on while one probe waits for its time-out."""
    async with answering(None) as hanging, answering(OK) as well:
        write_status(
            tmp_path / "status.json",
            replica(0, 0.0, instance=hanging, health_path="/", health_timeout_s=3600.0),
            replica(0, 0.0, instance=well, health_path="/", replica=1),
        )
        async with collecting(tmp_path) as readings:
            for _ in range(3):
                await next_samples(readings)
                assert by_name(await next_samples(readings, "probe:shop/1"))["probe_success"] == 1


async def test_a_replica_that_hangs_has_failed_when_its_time_is_up(tmp_path: Path) -> None:
    """The time-out is the whole probe's, not that of a single read."""
    async with answering(None) as hanging:
        status = replica(0, 0.0, instance=hanging, health_path="/", health_timeout_s=0.05)
        write_status(tmp_path / "status.json", status)
        async with collecting(tmp_path) as readings:
            success, duration_s, _ = (await next_samples(readings, "probe:shop/0")).values
    assert success == 0
    assert duration_s >= 0.05


async def test_the_probe_series_of_a_replica_end_with_it(tmp_path: Path) -> None:
    """A replica that is taken away leaves no last health behind, and its probe is not waited for."""
    async with answering(None) as hanging:
        status = replica(0, 0.0, instance=hanging, health_path="/", health_timeout_s=3600.0)
        write_status(tmp_path / "status.json", status)
        async with collecting(tmp_path) as readings:
            await next_samples(readings)
            await next_samples(readings)
            write_status(tmp_path / "status.json")
            assert (await next_samples(readings, "probe:shop/0")).series == ()


async def test_a_restarted_replica_is_probed_anew_at_once(tmp_path: Path) -> None:
    """A probe of what was there before says nothing of what is there now."""
    async with answering(None) as hanging, answering(OK) as well:
        status = replica(0, 0.0, instance=hanging, health_path="/", health_timeout_s=3600.0)
        write_status(tmp_path / "status.json", status)
        async with collecting(tmp_path) as readings:
            await next_samples(readings)
            await next_samples(readings)
            write_status(tmp_path / "status.json", msgspec.structs.replace(status, instance=well, starts=4))
            probe = await next_samples(readings, "probe:shop/0")
    assert (by_name(probe)["probe_success"], dict(probe.series[0])["instance"]) == (1, well)
