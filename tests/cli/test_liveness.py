"""Who is said to live, and on which machine somebody is missed."""

import json
from pathlib import Path

import pytest

from engine.cli.config import Config
from engine.cli.liveness import roles
from engine.runtime.bus import Bus
from engine.runtime.claims import BUCKET
from engine.runtime.lease import LeaseKeeper
from engine.runtime.publishing import now_ms


def of(folder: Path, *logins: str) -> Config:
    """The configuration of a machine, here one named `laptop`, with these logins."""
    users = {role: {"user": f"{role}-ann", "password": "x"} for role in logins}
    file = folder / "login.json"
    file.write_text(json.dumps({"url": "nats://127.0.0.1:1", "roles": users}))
    return Config.model_validate({"node": "laptop", "nats": {"credentials": file}})


@pytest.mark.parametrize(
    ("logins", "agents"),
    [
        (("operator",), ["web1 sent metrics"]),
        (("operator", "agent"), ["laptop has sent no metrics", "web1 sent metrics"]),
    ],
)
async def test_a_person_elsewhere_sees_who_lives_and_is_missed_for_nothing(
    mortal_bus: Bus, tmp_path: Path, logins: tuple[str, ...], agents: list[str]
) -> None:
    """A machine with no login of an agent runs none; one that has it is told that its own is missing."""
    await mortal_bus.publish("ops.metrics.web1.reflexarc-agent", b"{}")
    await mortal_bus.publish("ops.metrics.web1.reflexarc-actuator", b"{}")
    await LeaseKeeper(mortal_bus, BUCKET, "service.web1", "actuator@web1", now_ms).take()
    found = await roles(mortal_bus, of(tmp_path, *logins))
    told = [each.detail.partition(" metrics")[0] + " metrics" for each in found if each.role == "agent"]
    assert told == agents
    (actuator,) = [each for each in found if each.role == "actuator"]
    assert (actuator.alive, actuator.detail) == (True, "actuator@web1 holds its lease, epoch 1")


async def test_where_there_is_nobody_it_is_this_machine_that_lacks_one(mortal_bus: Bus, tmp_path: Path) -> None:
    """Whoever has begun to set it up is told what is missing."""
    found = await roles(mortal_bus, of(tmp_path, "operator"))
    assert [(each.role, each.alive, each.detail) for each in found] == [
        ("agent", False, "laptop has sent no metrics"),
        ("engine", False, "engine.0 has never held its lease"),
        ("actuator", False, "laptop has never held its lease"),
    ]
