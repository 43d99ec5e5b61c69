"""Isolation: a process taken out of rotation, paused, with evidence kept of it, and brought back."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from actuators.process.evidence import collect, redact
from actuators.process.processes import Process
from schemas.plugins import EffectFailed
from tests.actuators.site import GOOD, Site, ask, attributes, until


async def test_an_isolated_process_is_paused_out_of_rotation_and_replaced(site: Site) -> None:
    """It stands still for whoever looks into it, while another one serves."""
    async with site.actuator() as actuator:
        effect = await ask(actuator, "isolate", "replica:w/0", "generation")
        assert psutil.Process(effect.before["pid"]).status() == psutil.STATUS_STOPPED
        assert psutil.Process(effect.after["pid"]).status() != psutil.STATUS_STOPPED
        assert effect.before["instance"] != effect.after["instance"]
        lines = {(line.state, line.replica, line.generation, line.pid) for line in site.status().replicas}
        assert ("isolated", 0, 1, effect.before["pid"]) in lines
        assert ("running", 0, 2, effect.after["pid"]) in lines


async def test_a_released_process_takes_its_place_again(site: Site) -> None:
    """The very same process goes on, its replacement is gone, and the generation never runs backwards."""
    async with site.actuator() as actuator:
        isolated = await ask(actuator, "isolate", "replica:w/0", "generation")
        await ask(actuator, "release", "isolated:w/0/1", "state", "replacement", by="c2")
        now = await attributes(actuator, "replica:w/0")
        assert now == {**isolated.before, "generation": 3}
        assert psutil.Process(now["pid"]).status() != psutil.STATUS_STOPPED
        assert not psutil.pid_exists(isolated.after["pid"])
        assert await attributes(actuator, "isolated:w/0/1") == {}
        assert [line.starts for line in site.status().replicas] == [2, 1]


async def test_the_dead_can_be_neither_isolated_nor_released(site: Site) -> None:
    """There is nothing to pause or to resume, and nothing changes."""
    async with site.actuator() as actuator:
        isolated = await ask(actuator, "isolate", "replica:w/0", "generation")
        for target, pid in (
            ("isolated:w/0/1", isolated.before["pid"]),
            ("replica:w/1", (await attributes(actuator, "replica:w/1"))["pid"]),
        ):
            os.kill(pid, signal.SIGKILL)

            async def is_dead(target: str = target) -> bool:
                return bool((await attributes(actuator, target))["state"] == "dead")

            await until(actuator, is_dead)
        before = await actuator.inventory()
        with pytest.raises(EffectFailed, match="nothing to release"):
            await ask(actuator, "release", "isolated:w/0/1", "state", "replacement", by="c2")
        with pytest.raises(EffectFailed, match="nothing to isolate"):
            await ask(actuator, "isolate", "replica:w/1", "generation", by="c3")
        assert await actuator.inventory() == before


async def test_evidence_is_complete_and_its_manifest_holds(site: Site) -> None:
    """Who comes later can check it with sha256sum, and finds no secret in it."""
    env = {"API_TOKEN": "hush", "COLOUR": "red"}
    site.declare(versions={"v1": {"command": GOOD, "env": env}})
    async with site.actuator() as actuator:
        effect = await ask(actuator, "isolate", "replica:w/0", "generation")
    directory = site.state_dir / "workloads/w/evidence/0-1"
    assert effect.detail == f"evidence is kept in {directory}"
    pid = effect.before["pid"]
    kinds = ("cmdline", "environ", "maps", "open_files", "sockets", "status")
    assert {path.name for path in directory.iterdir()} == {"SHA256SUMS", "log", *(f"{pid}.{kind}" for kind in kinds)}
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=directory, check=True, capture_output=True)
    environ = (directory / f"{pid}.environ").read_text().splitlines()
    assert "API_TOKEN=[redacted]" in environ
    assert "COLOUR=red" in environ
    assert "(stopped)" in (directory / f"{pid}.status").read_text()


def test_secrets_are_known_by_their_names() -> None:
    """Values go, names stay."""
    assert redact(["DB_PASSWORD=a=b", "AWS_SECRET_ACCESS_KEY=c", "HOME=/root", "--verbose"]).splitlines() == [
        "DB_PASSWORD=[redacted]",
        "AWS_SECRET_ACCESS_KEY=[redacted]",
        "HOME=/root",
        "--verbose",
    ]


def test_evidence_is_whole_although_several_were_at_it(tmp_path: Path) -> None:
    """Whoever was cut off may still be writing when the next begins: one of them is kept, and no draft."""
    members = [Process(pid=os.getpid(), start_ticks=0, boot="")] * 20
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(collect, tmp_path / "0-1", members, tmp_path / "log") for _ in range(8)]:
            done.result()
    assert [path.name for path in tmp_path.iterdir()] == ["0-1"]
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "0-1", check=True)
