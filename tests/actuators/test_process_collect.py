"""Evidence: what `collect` sees of a workload and of a node, bundled, bounded, and without secrets."""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from actuators import bundle
from actuators.process.actuator import ProcessActuator, ProcessConfig
from schemas.plugins import ConditionFailed, Effect, EffectFailed
from tests.actuators.site import Site, attributes, command, open_gate

Bundle = dict[str, bytes]


async def collect(actuator: ProcessActuator, target: str, *evidence: str, by: str = "c1", **more: Any) -> Effect:
    args = more | ({"evidence": list(evidence)} if evidence else {})
    return await actuator.execute(command("collect", target, {}, by=by, **args), open_gate)


def opened(content: bytes) -> Bundle:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


async def test_a_workload_is_seen_with_all_that_it_runs(site: Site) -> None:
    """Its processes with owner and times, their files and sockets, its record and its logs; it runs on meanwhile."""
    async with site.actuator() as actuator:
        effect = await collect(actuator, "workload:w")
        found = opened(site.shelf.bundles["c1"])
        assert found.keys() == {
            "connections.jsonl",
            "environment.jsonl",
            "files.jsonl",
            "log.0.txt",
            "log.1.txt",
            "manifest.json",
            "processes.jsonl",
            "workload.json",
        }
        pids = {process.pid for process in site.processes()}
        seen = lines(found["processes.jsonl"])
        assert {each["pid"] for each in seen} == pids
        assert all(each["cmdline"] == ["sleep", "600"] and each["created_s"] and each["rss_bytes"] for each in seen)
        assert {each["pid"] for each in lines(found["files.jsonl"])} == pids
        assert json.loads(found["workload.json"])["name"] == "w"
        assert (effect.before, effect.after, effect.undo) == ({}, {}, None)
        assert (await attributes(actuator, "replica:w/0"))["state"] == "running"


async def test_a_replica_is_seen_without_the_others(site: Site) -> None:
    """Those who look at one replica are not shown another's."""
    async with site.actuator() as actuator:
        await collect(actuator, "replica:w/1", "processes", "log")
        found = opened(site.shelf.bundles["c1"])
        (process,) = lines(found["processes.jsonl"])
        assert process["pid"] == (await attributes(actuator, "replica:w/1"))["pid"]
        assert "log.1.txt" in found
        assert "log.0.txt" not in found


async def test_a_node_is_seen_whole(site: Site) -> None:
    """Every process of it, ourselves too, with its parent; and its sockets."""
    async with site.actuator() as actuator:
        await collect(actuator, "node:n1")
        found = opened(site.shelf.bundles["c1"])
        parents = {each["pid"]: each["ppid"] for each in lines(found["processes.jsonl"])}
        assert parents[os.getpid()] == os.getppid()
        assert "connections.jsonl" in found


async def test_no_value_of_an_environment_is_kept(site: Site) -> None:
    """Names only; and of a command line nothing that is secret by its name."""
    words = [sys.executable, "-S", "-c", "import time; time.sleep(600)", "API_TOKEN=hush"]
    site.declare(replicas=1, versions={"v1": {"command": words, "env": {"COLOUR": "very-red", "PASSWORD": "hush"}}})
    async with site.actuator() as actuator:
        await collect(actuator, "workload:w")
    everything = b"".join(opened(site.shelf.bundles["c1"]).values())
    assert b"COLOUR" in everything
    assert b"very-red" not in everything
    assert b"hush" not in everything


async def test_files_are_named_by_the_configuration_only(site: Site, tmp_path: Path) -> None:
    """A rule says `auth_log`; a path, or a name that nobody configured, is told as missing and read by nobody."""
    log = tmp_path / "auth.log"
    log.write_text("Failed password for root\n")
    async with site.actuator(evidence={"auth_log": log, "gone": tmp_path / "gone"}) as actuator:
        effect = await collect(actuator, "node:n1", "auth_log", "gone", str(log), "log")
        found = opened(site.shelf.bundles["c1"])
        assert found["auth_log.txt"] == b"Failed password for root\n"
        assert set(json.loads(found["manifest.json"])["missing"]) == {"gone", str(log), "log"}
        assert "missing: gone" in effect.detail
        with pytest.raises(EffectFailed, match="nothing of it is available"):
            await collect(actuator, "node:n1", str(log), by="c2")
        assert (await attributes(actuator, "node:n1"))["evidence"][-2:] == ["auth_log", "gone"]


async def test_what_is_no_file_is_not_waited_for(site: Site, tmp_path: Path) -> None:
    """A pipe in the place of a log would never end."""
    os.mkfifo(tmp_path / "pipe")
    async with site.actuator(evidence={"pipe": tmp_path / "pipe"}) as actuator:
        with pytest.raises(EffectFailed, match="not a regular file"):
            await collect(actuator, "node:n1", "pipe")


async def test_each_kind_is_bounded(site: Site, tmp_path: Path) -> None:
    """Of a log the end is kept, from a whole line on; of records the first; the manifest says that they were cut."""
    log = tmp_path / "big.log"
    log.write_text("".join(f"line {number}\n" for number in range(10_000)))
    async with site.actuator(evidence={"big": log}, evidence_limit_bytes=1024) as actuator:
        await collect(actuator, "node:n1", "big", "processes")
    found = opened(site.shelf.bundles["c1"])
    kept = found["big.txt"].splitlines()
    assert kept[0].startswith(b"line 9")
    assert kept[-1] == b"line 9999"
    assert all(len(content) <= 1024 for name, content in found.items() if name != "manifest.json")
    cut = {each["name"]: each["cut"] for each in json.loads(found["manifest.json"])["members"]}
    assert cut == {"big.txt": True, "processes.jsonl": True}


async def test_the_manifest_says_what_is_in_it_and_why(site: Site) -> None:
    """Digest and size of every member, the command, and the events that the alert is about."""
    async with site.actuator() as actuator:
        effect = await collect(actuator, "workload:w", "workload", events=["4.0", "5.1"], event="one\ntwo")
    content = site.shelf.bundles["c1"]
    found = opened(content)
    manifest = json.loads(found["manifest.json"])
    assert lines(found["events.jsonl"]) == [{"id": "4.0", "event": "one"}, {"id": "5.1", "event": "two"}]
    assert {each["name"]: each["sha256"] for each in manifest["members"]} == {
        name: hashlib.sha256(member).hexdigest() for name, member in found.items() if name != "manifest.json"
    }
    assert (manifest["command"], manifest["origin"], manifest["target"]) == ("c1", "Heal", "workload:w")
    assert effect.evidence
    assert (effect.evidence.name, effect.evidence.size) == ("c1", len(content))
    assert effect.evidence.sha256 == hashlib.sha256(content).hexdigest()


async def test_a_command_leaves_one_bundle(site: Site) -> None:
    """Carried out again after a crash, it is found done, and what was seen first stays."""
    async with site.actuator() as actuator:
        asked = command("collect", "workload:w", {})
        assert await actuator.observe(asked) == "absent"
        first = await actuator.execute(asked, open_gate)
        before = site.shelf.bundles["c1"]
    async with site.actuator() as successor:
        found = await successor.observe(asked)
        assert isinstance(found, Effect)
        assert found.evidence == first.evidence
        assert (await successor.execute(asked, open_gate)).evidence == first.evidence
    assert site.shelf.bundles == {"c1": before}


async def test_there_is_no_evidence_of_what_is_not_there(site: Site) -> None:
    """A workload that the file no longer has."""
    async with site.actuator() as actuator:
        with pytest.raises(ConditionFailed, match="there is no workload:gone"):
            await collect(actuator, "workload:gone")


def test_the_same_members_are_the_same_bundle() -> None:
    """Whatever their order, and whenever it is packed."""
    members = [bundle.text("b", b"2", cut=False), bundle.text("a", b"1", cut=False)]
    packed = bundle.pack(members, {"command": "c1"}, 1_700_000_000)
    assert packed == bundle.pack(reversed(members), {"command": "c1"}, 1_700_000_000)
    assert gzip.decompress(packed)


@pytest.mark.parametrize("name", ["processes", "../x", "a/b", "", "events"])
def test_a_file_bears_a_name_of_its_own(name: str) -> None:
    """It becomes the name of a member, beside those that are there already."""
    with pytest.raises(ValidationError, match="expected a name"):
        ProcessConfig(workloads=Path("w.yaml"), evidence={name: Path("x")})
