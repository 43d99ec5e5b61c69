"""Alerts of Falco, Falcosidekick and Alertmanager, in the shapes that they document."""

from pathlib import Path
from typing import Any

import pytest

from tests.collectors.ingest.receiver import push, receiving

FALCO = {
    "hostname": "web1",
    "output": "05:25:01.120000000: Notice A shell was spawned in a container (user=root command=sh -i)",
    "priority": "Notice",
    "rule": "Terminal shell in container",
    "source": "syscall",
    "tags": ["container", "shell"],
    "time": "2024-03-04T05:25:01.120000000Z",
    "output_fields": {"container.id": "3ad7b26ded6d", "proc.cmdline": "sh -i", "proc.name": "sh", "user.name": "root"},
}
SIDEKICK = FALCO | {"uuid": "4e1d0a2c-7b1f-4d8b-9f51-6d2b1c3a5e77", "output_fields": {"proc.name": "sh", "env": "prod"}}
FIRING = {
    "status": "firing",
    "labels": {"alertname": "DiskNearlyFull", "instance": "a:9100", "severity": "page"},
    "annotations": {"summary": "a:9100 is nearly full"},
    "startsAt": "2024-03-04T05:25:01.12Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.test/graph",
    "fingerprint": "1a30ba71cca2921f",
}
RESOLVED = FIRING | {"status": "resolved", "endsAt": "2024-03-04T05:30:00Z"}


def notification(*alerts: Any, **more: Any) -> dict[str, Any]:
    usual = {
        "version": "4",
        "groupKey": '{}:{alertname="DiskNearlyFull"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "reflexarc",
        "groupLabels": {"alertname": "DiskNearlyFull"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.test",
        "alerts": list(alerts),
    }
    return usual | more


async def test_an_alert_of_falco_is_an_event_of_its_log_source(tmp_path: Path) -> None:
    """Its fields are at the top, under Falco's names and those of the Elastic Common Schema."""
    async with receiving(tmp_path) as host:
        for alert in (FALCO, SIDEKICK):
            assert (await push(host, "/falco", alert)).status_code == 204
    first, second = host.events
    assert (first.type, first.product, first.service, first.time) == (
        "log.falco",
        "falco",
        "syscall",
        "2024-03-04T05:25:01.120Z",
    )
    assert (first.data["proc.cmdline"], first.data["process.command_line"]) == ("sh -i", "sh -i")
    assert second.id == SIDEKICK["uuid"]


async def test_an_alert_of_falco_is_known_by_its_content(tmp_path: Path) -> None:
    """Falco itself gives none an id."""
    async with receiving(tmp_path) as host:
        for alert in (FALCO, FALCO | {"time": "2024-03-04T05:25:02Z"}, FALCO | {"hostname": "web2"}, FALCO):
            assert (await push(host, "/falco", alert)).status_code == 204
    assert len(host.ids) == len(set(host.ids)) == 3


async def test_each_alert_of_a_notification_is_an_event(tmp_path: Path) -> None:
    """That one which fires and that it is resolved are two events of one episode."""
    async with receiving(tmp_path) as host:
        assert (await push(host, "/alertmanager", notification(FIRING, RESOLVED))).status_code == 204
    firing, resolved = host.events
    assert firing.id == "1a30ba71cca2921f.2024-03-04T05:25:01.12Z.firing"
    assert (firing.source, firing.type, firing.product) == (
        "http://alertmanager.test",
        "alertmanager.alert",
        "alertmanager",
    )
    assert (firing.time, resolved.time) == ("2024-03-04T05:25:01.120Z", "2024-03-04T05:30:00.000Z")
    assert firing.data["labels"] == FIRING["labels"]
    assert (firing.data["message"], firing.data["status"]) == ("a:9100 is nearly full", "firing")
    assert resolved.id.endswith(".resolved")


async def test_an_alert_without_a_fingerprint_is_known_by_its_labels(tmp_path: Path) -> None:
    """As versions before 0.19 send them."""
    old = {name: value for name, value in FIRING.items() if name != "fingerprint"}
    other = old | {"labels": {"alertname": "Other"}}
    async with receiving(tmp_path) as host:
        assert (await push(host, "/alertmanager", notification(old, other, old))).status_code == 204
    assert len(host.ids) == 2


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/falco", {"rule": "r"}, "$: expected an alert of Falco"),
        ("/falco", [FALCO], "$: expected an alert of Falco"),
        ("/falco", b"05:25:01: Notice A shell", "$: expected JSON"),
        ("/alertmanager", notification(version="3"), '$.version: expected "4", got "3"'),
        ("/alertmanager", {"alerts": []}, "missing required field `version`"),
        (
            "/alertmanager",
            notification(FIRING, FIRING | {"status": "perhaps"}, FIRING | {"startsAt": "soon"}, 7),
            "$.alerts[1].status: Invalid enum value 'perhaps'\n"
            '$.alerts[2].startsAt: expected a time as RFC 3339 writes it, got "soon"\n'
            "$.alerts[3]: Expected `object`, got `int`\n",
        ),
    ],
)
async def test_what_is_no_alert_is_refused_whole(tmp_path: Path, path: str, body: Any, why: str) -> None:
    """With every mistake and its place."""
    async with receiving(tmp_path) as host:
        answer = await push(host, path, body)
    assert (answer.status_code, why in answer.text) == (400, True), answer.text
    assert host.handed == []
