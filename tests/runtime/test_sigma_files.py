"""Sigma files among the rules of a running engine: dropped in by the thousand, edited one by one."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.runtime.bus import Bus
from tests.conftest import ServerUnderTest
from tests.runtime.roles import PATIENCE_S, POLL_S, engine, status

GOOD = "title: T{n}\nlogsource: {{product: linux}}\ndetection: {{sel: {{message|contains: x{n}}}, condition: sel}}\n"
BAD = GOOD.replace("contains", "sounds")


async def rules_until(bus: Bus, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            rules: dict[str, Any] = (await status(bus))["rules"]
            if holds(rules):
                return rules
            await asyncio.sleep(POLL_S)


async def test_what_cannot_be_run_is_left_out_but_what_ran_is_not_broken(
    mortal_server: ServerUnderTest, mortal_bus: Bus, tmp_path: Path
) -> None:
    """A file that comes with a mistake is left out and told of; an edit that breaks one that ran is refused, and the
    rule goes on; corrected, all of them run.
    """
    folder = tmp_path / "rules"
    folder.mkdir()
    first, second = folder / "1.yml", folder / "2.yml"
    first.write_text(GOOD.format(n=1))
    second.write_text(BAD.format(n=2))
    async with engine(mortal_server, tmp_path):
        rules = await rules_until(mortal_bus, lambda rules: rules["event"] == 1)
        assert [reason.split(": ")[0] for reason in rules["left_out"]] == [f"{second}:3:35"]
        assert rules["refused"] == []
        first.write_text(BAD.format(n=1))
        rules = await rules_until(mortal_bus, lambda rules: len(rules["refused"]) > 0)
        assert (rules["event"], rules["refused"][0].split(": ")[0]) == (1, f"{first}:3:35")
        first.write_text(GOOD.format(n=1))
        second.write_text(GOOD.format(n=2))
        rules = await rules_until(mortal_bus, lambda rules: rules["event"] == 2)
        assert (rules["refused"], rules["left_out"]) == ([], [])
