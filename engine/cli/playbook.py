"""`reflexarc playbook run, list, show, abort`: playbooks, as people use them.

A run is a control message like any other: the engine decides on its steps, and goes on with them whether or not anybody
watches.
"""

import argparse
import asyncio
import sys
from typing import Any

import msgspec

from engine.cli import playing, verdict
from engine.cli import show as shown
from engine.cli.act import pairs
from engine.cli.config import Config
from engine.cli.connect import connected, person
from engine.cli.failure import CommandFailedError
from engine.cli.history import read_audit
from engine.cli.look import ask_engine
from engine.cli.playbook_words import parameter_in_words, steps_in_words
from engine.cli.why import causal_chain, told
from engine.core.parameters import ParametersInvalid, bound
from engine.core.program import Playbook
from engine.runtime.bus import Bus
from engine.runtime.lookup import stream_state
from engine.runtime.publishing import new_id, now_ms
from schemas import subjects
from schemas.codec import encode
from schemas.control import Abort, Play
from schemas.reasons import MEANING, Reason


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run a playbook, and tell what becomes of it until it is over. Raises `CommandFailedError` where it fails."""
    given = pairs(args.given, "workload=shop")
    async with connected(config) as bus:
        playbook = await _playbook(bus, args.name, args.version)
        try:
            bound(playbook.parameters, given)
        except ParametersInvalid as invalid:
            raise CommandFailedError("\n".join(f"{args.name}: {problem}" for problem in invalid.problems)) from invalid
        request = Play(
            id=new_id(),
            by=person(config),
            playbook=playbook.name,
            params=given,
            version=playbook.version,
            dry_run=args.dry_run,
            why=args.why,
        )
        ended = await _play(bus, request)
    if ended not in (Reason.COMPLETED, Reason.SHADOW):
        raise CommandFailedError(f"{args.name} did not come about: {ended}: {MEANING[ended]}")


async def _play(bus: Bus, request: Play) -> Reason:
    next_seq = (await stream_state(bus, subjects.AUDIT)).last_seq + 1
    seq = (await bus.publish(subjects.control("play", request.by), encode(request), msg_id=request.id)).seq
    try:
        return await playing.followed(bus, request, seq, next_seq)
    except asyncio.CancelledError:
        command = f"reflexarc playbook abort {playing.run_id(request)}"
        shown.say(f"it goes on without you; `{command}` ends it", file=sys.stderr)
        raise


async def list_(args: argparse.Namespace, config: Config) -> None:
    """The playbooks there are, and the last runs."""
    async with connected(config) as bus:
        playbooks = await ask_engine(bus, "playbooks")
        runs = (await ask_engine(bus, "runs", str(max(args.last, 0)).encode()))[: max(args.last, 0)]
    if args.json:
        shown.as_json({"playbooks": playbooks, "runs": runs})
        return
    if not playbooks:
        print("no playbook: a file with `playbook:` among the rules is one")
    else:
        rows = [(each["name"], each["version"], _takes(each), each["summary"]) for each in playbooks]
        shown.table(("PLAYBOOK", "VERSION", "PARAMETERS", "DOES"), rows)
    if runs:
        print()
        shown.table(("STARTED", "RUN", "PLAYBOOK", "BY", "STEP", "STATE"), [_row(each) for each in runs])


def _takes(playbook: dict[str, Any]) -> str:
    """Its parameters, those that need not be given in brackets."""
    named = ((each["name"], each.get("default")) for each in playbook["parameters"])
    return " ".join(name if default is None else f"[{name}]" for name, default in named)


def _row(run: dict[str, Any]) -> tuple[object, ...]:
    step = f"{min(run['step'] + 1, run['of'])} of {run['of']}"
    title = f"{run['playbook']}@{run['version']}" + (" (dry run)" if run["dry_run"] else "")
    return shown.clock(run["began_ms"]), run["id"], title, run["by"], step, run["reason"] or "runs"


async def show(args: argparse.Namespace, config: Config) -> None:
    """A playbook by its name, or a run by its id."""
    name, _, version = args.what.partition("@")
    async with connected(config) as bus:
        found = [msgspec.convert(each, Playbook) for each in await ask_engine(bus, "playbooks", name.encode())]
        found = [each for each in found if version in ("", str(each.version))]
        if not found:
            await _show_run(bus, args.what, as_json=args.json)
            return
    if args.json:
        shown.as_json(found)
        return
    for nth, playbook in enumerate(found):
        print("\n" * bool(nth), end="")
        _show_playbook(playbook)


def _show_playbook(playbook: Playbook) -> None:
    shown.say(f"{playbook.name}@{playbook.version}  {playbook.summary}".rstrip())
    shown.say(f"from {playbook.source}")
    if playbook.parameters:
        shown.table(("PARAMETER", "IS", ""), [parameter_in_words(each) for each in playbook.parameters])
    for line in steps_in_words(playbook.steps):
        shown.say(line)


async def _show_run(bus: Bus, prefix: str, *, as_json: bool) -> None:
    found = await _one_run(bus, prefix)
    audit = await read_audit(bus)
    chain = causal_chain(audit, found["id"]) if any(each.entry.ladder == found["id"] for each in audit) else []
    if as_json:
        entries = [{"seq": each.seq, "time_ms": each.time_ms, "entry": each.entry} for each in chain]
        shown.as_json(found | {"chain": entries})
        return
    with_ = " ".join(f"{name}={value}" for name, value in found["params"].items())
    shown.say(f"{found['playbook']}@{found['version']} {with_}".rstrip() + " (dry run)" * found["dry_run"])
    took_ms = (found["ended_ms"] or now_ms()) - found["began_ms"]
    state = f"{found['reason']}: {MEANING[Reason(found['reason'])]}" if found["reason"] else "runs"
    shown.say(f"run {found['id']} by {found['by']}, {shown.age(took_ms)}, {state}")
    for happening in chain:
        shown.say(told(happening, found["began_ms"]))
    for line in playing.now(found):
        shown.say(line)


async def abort(args: argparse.Namespace, config: Config) -> None:
    """End a run at its next step."""
    async with connected(config) as bus:
        found = await _one_run(bus, args.run)
        if found["reason"]:
            raise CommandFailedError(f"the run {found['id']} is over: {found['reason']}")
        request = Abort(id=new_id(), by=person(config), run=found["id"], why=args.why)
        decided = await verdict.told(bus, "abort", request)
    if refused := [each for each in decided if each.reason is Reason.UNKNOWN_RUN]:
        raise CommandFailedError(f"{found['playbook']}: {verdict.refusal(refused[0])}")
    shown.say(f"{found['playbook']} ends at its next step; `reflexarc playbook show {found['id']}` tells how")


async def _playbook(bus: Bus, name: str, version: int | None) -> Playbook:
    """The version that is asked for, or the newest. Raises `CommandFailedError`."""
    found = [msgspec.convert(each, Playbook) for each in await ask_engine(bus, "playbooks", name.encode())]
    versions = {each.version: each for each in found}
    if not versions:
        known = sorted({each["name"] for each in await ask_engine(bus, "playbooks")})
        raise CommandFailedError(f"there is no playbook {name}; there is: {', '.join(known) or 'none'}")
    if version is not None and version not in versions:
        listed = ", ".join(map(str, sorted(versions)))
        raise CommandFailedError(f"{name} has no version {version}; it has: {listed}")
    return versions[max(versions) if version is None else version]


async def _one_run(bus: Bus, prefix: str) -> dict[str, Any]:
    """The one run whose id begins so. Raises `CommandFailedError`."""
    found: list[dict[str, Any]] = await ask_engine(bus, "run", prefix.encode()) if prefix else []
    if len(found) != 1:
        listed = "".join(f"\n  {each['id']}  {each['playbook']}" for each in found)
        raise CommandFailedError(f"{len(found) or 'no'} playbooks or runs go by {prefix!r}{listed}")
    return found[0]
