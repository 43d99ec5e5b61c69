"""`reflexarc why-not`, asked of a live engine."""

import re
from pathlib import Path

import pytest

from engine.cli.config import Config
from engine.cli.failure import CommandFailedError
from engine.cli.main import parser
from engine.cli.why_not import why_not
from engine.runtime.asking import ask
from engine.runtime.bus import Bus
from schemas.reasons import Reason
from tests.cli.shadowed import document, shop
from tests.conftest import ServerUnderTest
from tests.runtime.roles import entry


async def asked(config: Config, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What is printed."""
    capsys.readouterr()
    await why_not(parser().parse_args(["why-not", *words]), config)
    return capsys.readouterr().out


async def test_why_not_tells_the_reason_first_and_every_guardrail(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Held by a window: by which, until when, written where; what else was asked; and what was decided before."""
    async with shop(mortal_server, mortal_bus, tmp_path) as config:
        await entry(mortal_bus, lambda each: each.reason is Reason.MAINTENANCE)
        await entry(mortal_bus, lambda each: each.reason is Reason.SHADOW)
        held = await asked(config, capsys, "Restart", "shop/0")
        shadowed = await asked(config, capsys, "Watch", "shop/0")
        elsewhere = await asked(config, capsys, "Watch", "shop/1")
        told = document(await asked(config, capsys, "shop/Restart", "replica:shop/0", "--json"))
        assert "error" in await ask(mortal_bus, "engine", "why-not", b"what?")
        with pytest.raises(CommandFailedError, match="did you mean Restart"):
            await asked(config, capsys, "Restrat")
    file = re.escape(str(tmp_path / "rules" / "shop.yaml"))
    title, reason, detail, *_ = held[held.index("shop/Restart (") :].splitlines()
    assert re.fullmatch(rf"shop/Restart \(heal, auto, {file}:6\) has not acted on replica:shop/0:", title)
    assert re.fullmatch(
        r"  MAINTENANCE until 2100-01-01 00:00 \(in \d+d\): a maintenance window of the policy holds.*", reason
    )
    assert re.fullmatch(r"    stocktaking \(.*policy\.yaml:4\)", detail)
    assert "It would restart replica:shop/0 if generation = 7, touching 1 of shop." in held
    assert re.search(r"  NO do the maintenance windows let it\? +MAINTENANCE until .* stocktaking", held)
    assert re.search(r"  ok is there room within the limits\? +0 of 20 acts within 3600 s per rule", held)
    assert re.search(r"MAINTENANCE stocktaking .*\(ladder [0-9a-f]{16}\)", held.partition("Decided so far:")[2])
    assert "  SHADOW: the rule is in shadow mode" in shadowed
    assert re.search(r"its ladder [0-9a-f]{16} ended SHADOW at .*: would restart replica:shop/0", shadowed)
    assert "  NOT_ITS_TARGET:" in elsewhere
    assert "Down is active for replica:shop/0" in elsewhere
    (why,) = told["explanation"]["why"]
    assert (why["reason"], why["source"].rpartition("/")[2]) == ("MAINTENANCE", "policy.yaml:4")
    assert told["decisions"][-1]["entry"]["reason"] == "MAINTENANCE"
