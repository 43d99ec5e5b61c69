"""`reflexarc demo`: two incidents on the example workloads, healed before your eyes, in a temporary folder.

A script on top of `up` and nothing more: what heals is the rules. Replica 0 of the shop is killed, which a restart
cures; then a bad version is deployed, which only a rollback does.
"""

import argparse
import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import msgspec

from engine.cli import show
from engine.cli.act import ask_for
from engine.cli.config import PREFIX, Config, ConfigError, load
from engine.cli.connect import connected, person
from engine.cli.failure import CommandFailedError
from engine.cli.history import follow_audit, read_audit
from engine.cli.look import answered, list_commands
from engine.cli.starts import Tally, read_starts, tally
from engine.cli.timeline import Moment, Timeline
from engine.cli.up import started
from engine.cli.workspace import workspace
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.lookup import stream_state
from engine.runtime.publishing import now_ms
from schemas import subjects

EXAMPLE = Path(__file__).parents[2] / "deploy" / "example" / "reflexarc.toml"
SHOP = "shop"
DEADLINE_S = 50.0
READY_POLL_S = 0.1


class Incident(msgspec.Struct, frozen=True):
    """What was done to the shop at `began_ms`, and what followed, each step with the milliseconds since the one before.
    `healed`: a step was verified and the alert resolved.
    """

    what: str
    alert: str
    began_ms: int
    healed: bool
    healed_by: str | None
    healed_after_ms: int
    steps: list[dict[str, Any]]


class Summary(msgspec.Struct, frozen=True):
    """`healed`: both incidents are, and the shop started as often as it was commanded to."""

    healed: bool
    incidents: list[Incident]
    starts: list[Tally]


async def demo(args: argparse.Namespace, config: Config) -> None:
    """Play the script and sum up. Raises `CommandFailedError` unless all was healed in time."""
    if args.state_dir or args.nats:
        raise ConfigError("the demo has a state directory and a bus of its own: leave out --state-dir and --nats")
    if not (file := args.config or EXAMPLE).exists():
        raise ConfigError(f"{file} is missing: run the demo from a checkout, or name its configuration with --config")
    with workspace() as folder:
        script = Script(file, folder, _silent if args.json else _say)
        try:
            async with asyncio.timeout(DEADLINE_S):
                summary = await script.play()
        except TimeoutError as error:
            raise CommandFailedError(f"gave up after {DEADLINE_S:g} s, waiting for {script.waiting_for}") from error
        show.as_json(summary) if args.json else _sum_up(summary)
        if not summary.healed:
            raise CommandFailedError("not all was healed")


class Script:
    """The two incidents. `say` is given each line for the person who watches; `waiting_for` tells what comes next."""

    def __init__(self, file: Path, folder: Path, say: Callable[[str], None]) -> None:
        self._file = file
        self._folder = folder
        self._say = say
        self._starts = folder / "starts.jsonl"
        self.waiting_for = "the first start"

    async def play(self) -> Summary:
        """Start everything, break it twice, watch it heal, and stop everything."""
        env = _without_settings(os.environ)
        config = load(self._file, env, {"state_dir": self._folder})
        arguments = ["--config", str(self._file), "--state-dir", str(self._folder)]
        async with (
            started(config, arguments, env | {"SHOP_STARTS": str(self._starts)}),
            connected(config, env=env) as bus,
        ):
            replicas = await self._ready(bus)
            self._say(f"A shop in {replicas} replicas is up, watched by an agent, an engine and an actuator service.")
            incidents = [await self._kill(bus), await self._deploy(bus, person(config, env))]
            tallies = tally(read_starts(self._starts), list_commands(await read_audit(bus)), replicas)
        agreed = all(each.counted == each.expected for each in tallies)
        return Summary(agreed and all(incident.healed for incident in incidents), incidents, tallies)

    async def _ready(self, bus: Bus) -> int:
        """Wait until acts are allowed and every replica answers; how many there are."""
        self.waiting_for = "the shop to be up"
        well = f'count(probe_success{{workload="{SHOP}"}} == 1)'
        while True:
            with suppress(NobodyAnswersError):
                status = await ask(bus, "engine", "status")
                owned = [target for targets in status["inventory"].values() for target in targets]
                replicas: int = sum(target.startswith(f"replica:{SHOP}/") for target in owned)
                answering = answered(well, await ask(bus, "engine", "query", well.encode()))
                if not status["settling"] and answering and int(answering[0]["value"]) == replicas:
                    return replicas
            await asyncio.sleep(READY_POLL_S)

    async def _kill(self, bus: Bus) -> Incident:
        victim = next(start.pid for start in reversed(read_starts(self._starts)) if start.replica == "0")

        async def kill() -> None:
            os.kill(victim, signal.SIGKILL)

        return await self._incident(bus, f"kill -9 {victim}, replica 0 of the {SHOP}", "ReplicaDown", kill)

    async def _deploy(self, bus: Bus, by: str) -> Incident:
        async def deploy() -> None:
            await ask_for(bus, by, "deploy", {"workload": SHOP, "version": "v2"}, "the demo's bad version")

        return await self._incident(bus, f"deploy {SHOP} version=v2, a bad version", "WorkloadFailing", deploy)

    async def _incident(self, bus: Bus, what: str, alert: str, harm: Callable[[], Awaitable[None]]) -> Incident:
        """Do harm, and tell what happens about it until it is over."""
        self._say(f"\n$ {what}")
        next_seq = (await stream_state(bus, subjects.AUDIT)).last_seq + 1
        timeline = Timeline(alert)
        began_ms = before_ms = now_ms()
        await harm()
        self.waiting_for = f"{alert} after {what}"
        async with aclosing(follow_audit(bus, next_seq)) as happenings:
            async for happening in happenings:
                for moment in timeline.take(happening):
                    self._say(_line(moment, moment.time_ms - before_ms))
                    before_ms = moment.time_ms
                if timeline.over:
                    break
        return _incident(what, alert, began_ms, timeline)


def _incident(what: str, alert: str, began_ms: int, timeline: Timeline) -> Incident:
    times_ms = [began_ms, *(moment.time_ms for moment in timeline.moments)]
    return Incident(
        what=what,
        alert=alert,
        began_ms=began_ms,
        healed=timeline.healed,
        healed_by=timeline.verified_by,
        healed_after_ms=times_ms[-1] - began_ms,
        steps=[
            msgspec.to_builtins(moment) | {"after_ms": moment.time_ms - before_ms}
            for before_ms, moment in zip(times_ms, timeline.moments, strict=False)
        ],
    )


def _without_settings(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without ours: a demo is the same on a machine that is configured for a bus elsewhere, and where
    the example is up already.
    """
    return {name: value for name, value in env.items() if not name.startswith(PREFIX)} | {f"{PREFIX}ENGINE__LISTEN": ""}


# --- what is printed ---


def _say(line: str) -> None:
    print(line, flush=True)


def _silent(line: str) -> None:
    """Where a program reads, it reads the summary only."""


def _line(moment: Moment, after_ms: int) -> str:
    return f"{show.clock(moment.time_ms)}  {after_ms:>+6} ms  {moment.step:10} {moment.what}"


def _sum_up(summary: Summary) -> None:
    print()
    show.table(
        ("INCIDENT", "HEALED", "BY", "AFTER"),
        [
            (each.what, "yes" if each.healed else "NO", each.healed_by, show.age(each.healed_after_ms))
            for each in summary.incidents
        ],
    )
    print(f"\nStarts as the {SHOP} itself counted them:")
    show.table(
        ("COMMAND", "EXPECTED", "COUNTED"), [(each.does, each.expected, each.counted) for each in summary.starts]
    )
