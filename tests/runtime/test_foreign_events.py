"""What others publish on the bus, as they publish it, and rules as their authors wrote them."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.runtime.bus import Bus
from schemas import subjects
from schemas.codec import decode_alert
from tests.conftest import ServerUnderTest
from tests.runtime.roles import engine, messages

SIGMA = """\
title: {title}
logsource: {{{source}}}
detection:
    selection: {{{selection}}}
    condition: selection
level: high
"""
WHOAMI = {"Image": r"C:\Windows\System32\whoami.exe", "CommandLine": "whoami /all", "User": "ann"}
PUBLISHED: dict[str, tuple[str, str, Any]] = {
    "Windows by winlogbeat": (
        "product: windows, category: process_creation",
        r"Image|endswith: '\whoami.exe'",
        {"winlog": {"channel": "Microsoft-Windows-Sysmon/Operational", "event_id": 1, "event_data": WHOAMI}},
    ),
    "Windows' own log by Fluent Bit": (
        "product: windows, service: security",
        "EventID: 4625",
        [
            [
                1709529901.5,
                {"tag": "t", "Channel": "Security", "EventID": 4625, "Message": "An account failed to log on."},
            ]
        ],
    ),
    "Falco": (
        "product: falco",
        "proc.name: sh",
        {"rule": "r", "priority": "Notice", "output": "o", "output_fields": {"proc.name": "sh"}},
    ),
    "CloudTrail": (
        "product: aws, service: cloudtrail",
        "eventName: StopLogging",
        {
            "Records": [
                {"eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging", "awsRegion": "eu-west-1"}
            ]
        },
    ),
}


@pytest.mark.parametrize(("source", "selection", "message"), PUBLISHED.values(), ids=PUBLISHED.keys())
async def test_what_others_publish_raises_alerts(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path, source: str, selection: str, message: Any
) -> None:
    """Nothing is configured for it but the rule."""
    (tmp_path / "rules").mkdir()
    rule = SIGMA.format(title="Seen", source=source, selection=selection)
    (tmp_path / "rules" / "seen.yml").write_text(rule, encoding="utf-8")
    async with engine(mortal_server, tmp_path):
        await messages(mortal_bus, subjects.JOURNAL, 1, subjects.control("activate", "e1"))
        await mortal_bus.publish(subjects.events("n1", "theirs"), msgspec.json.encode(message))
        (told,) = await messages(mortal_bus, subjects.ALERTS, 1)
    alert = decode_alert(told.data)
    assert (alert.alertname, alert.state, alert.labels["node"]) == ("Seen", "firing", "n1")
