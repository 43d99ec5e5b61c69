"""The shipped rules: each alert is tested both ways, on both clocks, and what they select is what we publish."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psutil
import pytest
import yaml

from collectors.host import HostConfig, network, proc
from collectors.host import collect as collect_host
from collectors.kubernetes.cluster import RENDERED
from collectors.nats import NatsConfig
from collectors.nats import collect as collect_nats
from collectors.probe import collect as collect_probe
from collectors.probe.config import ProbeConfig
from collectors.workload import WorkloadConfig
from collectors.workload import collect as collect_workload
from engine.cli.reference_metrics import ROLES, published
from engine.core.program import AlertRule, EventRule, HealRule, Playbook, every_step
from engine.promql import compile_expr
from engine.rulefile import load, read
from engine.ruletest import find, run
from engine.runtime.registry import actuators, verbs
from schemas.labels import METRIC_NAME
from schemas.plugins import Samples
from schemas.workloads import ReplicaStatus, WorkloadsStatus
from tests.collectors.contexts import context, next_samples
from tests.conftest import NODE, ServerUnderTest

RULES = Path(__file__).parents[2] / "rules"
TESTS = list(find([RULES]))
PROGRAM = load(read([RULES]), verbs(actuators()))
SEVERITIES = {"critical", "warning", "info"}

# What not every kernel has: pressure, tracked connections, what an older one calls otherwise.
KERNEL = (
    *proc.pressure("some total=1\nfull total=1", "io"),
    *proc.pressure("some total=1\nfull total=1", "memory"),
    *proc.vmstat("oom_kill 0\npswpin 0\npswpout 0\npgmajfault 0"),
    *proc.diskstats("8 0 sda " + " ".join(["1"] * 17), re.compile("$^")),
    *network.device_state("eth0", "up", "1", "1000"),
    *network.conntrack("nf_conntrack_count", "1"),
    *network.conntrack("nf_conntrack_max", "2"),
)


class Severe(NamedTuple):
    """An alert as a test file names it. Two rules of one name differ in it."""

    alert: str
    severity: str


# --- tests of the rules ---


def raising() -> list[AlertRule | EventRule]:
    """The rules that make alerts; others are parts of them."""
    return [rule for rule in PROGRAM.alerting if isinstance(rule, AlertRule) or rule.raises]


def cases() -> Iterator[tuple[Severe, bool]]:
    """Each case of the test files for each alert that it is about: whether that is to fire."""
    known = [Severe(rule.name, rule.labels["severity"]) for rule in raising()]
    for file in TESTS:
        for group in yaml.safe_load(file.read_text())["tests"]:
            for case in group.get("alert_rule_test", ()):
                firing = {each["exp_labels"]["severity"] for each in case.get("exp_alerts", ())}
                yield from ((each, each.severity in firing) for each in known if each.alert == case["alertname"])


def test_every_alert_is_shown_firing_and_quiet() -> None:
    """Of each there is a case in which it fires, and one in which it does not."""
    shown = set(cases())
    every = {Severe(rule.name, rule.labels["severity"]) for rule in raising()}
    assert {each for each in every if (each, True) not in shown} == set()
    assert {each for each in every if (each, False) not in shown} == set()


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
@pytest.mark.parametrize("on_arrival", [False, True], ids=["promtool", "live"])
def test_they_pass_on_both_clocks(file: Path, on_arrival: bool) -> None:
    """A rule does the same whether it is evaluated on a grid or as samples come."""
    verdict = run(file, verbs(actuators()), on_arrival=on_arrival)
    assert verdict.problems == ()
    assert verdict.warnings == ()


def test_every_playbook_is_shown_coming_about_and_not() -> None:
    """Of each there is a run that completes, and one that fails or is compensated for."""
    ends: dict[str, set[str]] = {}
    for file in TESTS:
        for group in yaml.safe_load(file.read_text())["tests"]:
            for case in group.get("command_test", ()):
                for each in case.get("exp_runs", ()):
                    ends.setdefault(each["playbook"], set()).add(each["reason"])
    assert ends.keys() == {playbook.name for playbook in PROGRAM.playbooks}
    assert [name for name, reasons in ends.items() if "COMPLETED" not in reasons or len(reasons) < 2] == []


def test_every_alert_says_what_it_means() -> None:
    """A severity of three, so that routes can be written once, and a summary for whoever is woken."""
    assert {rule.labels.get("severity") for rule in raising()} <= SEVERITIES
    assert [rule.name for rule in raising() if not rule.annotations.get("summary")] == []
    names = Counter(Severe(rule.name, rule.labels["severity"]) for rule in raising())
    assert [each for each, count in names.items() if count > 1] == []


def test_every_alert_of_security_says_what_to_do_next() -> None:
    """Whoever is woken by one has seldom seen it before."""
    ours = [rule for rule in raising() if rule.group.startswith("security_")]
    assert len(ours) > 50
    assert [rule.name for rule in ours if not {"description", "next_steps"} <= set(rule.annotations)] == []


# --- names ---


def names_of(samples: Samples) -> set[str]:
    return {dict(series)[METRIC_NAME] for series in samples.series}


async def host_names(folder: Path) -> set[str]:
    """On this machine, whatever filesystems it has, and what a kernel may or may not have."""
    nothing = re.compile("$^")
    config = HostConfig(fs_types_exclude=nothing, mount_points_exclude=nothing)
    async with contextlib.aclosing(collect_host(config, context(folder))) as readings:
        return names_of(await next_samples(readings)) | {name for name, _, _ in KERNEL}


async def workload_names(folder: Path) -> set[str]:
    """Of a replica that runs (this very process) and answers no probe, and of one that is isolated."""
    created_s = psutil.Process().create_time()
    common: dict[str, Any] = {"workload": "shop", "version": "v1", "generation": 1, "starts": 1}
    common |= {"instance": "127.0.0.1:1", "pid": psutil.Process().pid, "created_s": created_s}
    running = ReplicaStatus(replica=0, state="running", health_path="/", health_timeout_s=1, **common)
    isolated = ReplicaStatus(replica=1, state="isolated", **common)
    status = folder / "status.json"
    status.write_bytes(msgspec.json.encode(WorkloadsStatus(scope=NODE, replicas=(running, isolated))))
    async with contextlib.aclosing(collect_workload(WorkloadConfig(status=status), context(folder))) as readings:
        found = names_of(await next_samples(readings))
        return found | names_of(await next_samples(readings, "probe:shop/0"))


async def server_names(server: ServerUnderTest, folder: Path) -> set[str]:
    async with contextlib.aclosing(collect_nats(NatsConfig(ports_dir=server.directory), context(folder))) as readings:
        return names_of(await next_samples(readings))


async def probe_names(folder: Path) -> set[str]:
    """Of what does not answer, of which zeros are said; but for certificates, of which nothing is."""
    modules = {"name": {"prober": "dns", "dns": {"query_name": "shop.test"}}}
    away = [{"targets": ["127.0.0.1:1"], "module": module} for module in ("http_2xx", "name")]
    config = {"interval": "10ms", "modules": modules, "targets": away}
    names = {"probe_ssl_earliest_cert_expiry"}
    async with contextlib.aclosing(collect_probe(ProbeConfig.model_validate(config), context(folder))) as readings:
        for source in ("probe:http_2xx:127.0.0.1:1", "probe:name:127.0.0.1:1"):
            names |= names_of(await next_samples(readings, source))
    return names


def cluster_names() -> set[str]:
    """Of one object of each kind, in trouble."""
    trouble = {"type": "Failed", "status": "True"}
    waiting = {"name": "main", "state": {"waiting": {"reason": "x"}}, "lastState": {"terminated": {"reason": "x"}}}
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    status: dict[str, Any] = {
        "observedGeneration": 1,
        "phase": "Pending",
        "conditions": [trouble, unscheduled],
        "containerStatuses": [waiting],
    }
    meta = {"name": "x", "namespace": "x", "uid": "x", "generation": 1}
    found = {"metadata": meta, "spec": {"maxReplicas": 1}, "status": status}
    return {name for render in RENDERED.values() for name, _, _ in render(found, ())}


def own_names() -> set[str]:
    """What the roles say of themselves."""
    return {row.name for role in ROLES for row in published(role)}


def selected() -> set[str]:
    """The metric names that the shipped rules select, in what they watch and in what they verify."""
    expressions = [*(rule.expr for rule in PROGRAM.alerts), *(rule.expr for rule in PROGRAM.records)]
    acting: list[HealRule | Playbook] = [*PROGRAM.heals, *PROGRAM.playbooks]
    expressions += [step.verify.expr for each in acting for step in every_step(each.steps) if step.verify]
    matchers = (m for each in expressions for selector in compile_expr(each).selectors for m in selector.matchers)
    return {matcher.value for matcher in matchers if matcher.name == METRIC_NAME and matcher.op == "="}


async def test_what_they_select_is_published(nats_server: ServerUnderTest, tmp_path: Path) -> None:
    """Every metric name in a shipped rule comes from a collector or a role of ours, a recording rule or a log."""
    names = await host_names(tmp_path) | await workload_names(tmp_path) | await server_names(nats_server, tmp_path)
    names |= await probe_names(tmp_path)
    names |= (
        cluster_names()
        | own_names()
        | {rule.name for rule in PROGRAM.records}
        | {rule.name for rule in PROGRAM.counters}
    )
    assert selected() - names == set()
