"""`reflexarc status`: what runs, what is known, what waits, on one screen."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from engine.cli import show
from engine.cli.config import Config
from engine.cli.connect import connected
from engine.cli.liveness import Liveness, roles
from engine.cli.look import ask_engine
from engine.runtime.publishing import now_ms


async def status(args: argparse.Namespace, config: Config) -> None:
    """Show it."""
    async with connected(config) as bus:
        living = await roles(bus, config)
        engine = await ask_engine(bus, "status")
        ladders = await ask_engine(bus, "ladders")
        alerts = await ask_engine(bus, "alerts")
    if args.json:
        show.as_json(
            {"roles": msgspec.to_builtins(living), "engine": engine, "ladders": ladders, "alerts": alerts},
        )
        return
    for label, words in [*_roles(living), *_engine(engine), *_waiting(alerts, ladders)]:
        print(f"{label:10} {words}")


Lines = Iterable[tuple[str, str]]


def _roles(living: Iterable[Liveness]) -> Lines:
    for each in living:
        yield each.role, each.detail if each.alive else f"DOWN: {each.detail}"


def _engine(engine: Mapping[str, Any]) -> Lines:
    settling = ", settling: acts wait" if engine["settling"] else ""
    yield "journal", f"at message {engine['journal_seq']}, {show.age(engine['lag_ms'])} ago{settling}"
    yield "series", f"{engine['series']}, events seen {engine['events']}"
    for what in engine.get("without_place", ()):  # an engine of before an upgrade does not tell
        yield "LIMIT", what
    if engine["url"]:
        yield "http", engine["url"]
    rules = engine["rules"]
    acting = f"{rules['heal']} heal, {rules.get('respond', 0)} respond, {rules.get('scale', 0)} scale"
    yield "rules", f"{rules['alert']} alert, {rules['record']} recording, {acting}"
    if rules["refused"]:
        yield "REFUSED", "the newest edit of the rules; those before it stay active"
    for error in rules["refused"]:
        yield "", error
    for rule, error in rules["failing"].items():
        yield "FAILING", f"{rule}: {error}"
    for scope, by in engine["halts"].items():
        yield "HALTED", f"{'everything' if scope == '*' else scope}, by {by}"
    for scale in engine.get("scales", ()):
        yield "scale", _scale(scale)
    for owner, targets in engine["inventory"].items():
        yield "targets", f"{owner}: {', '.join(targets) or 'none'}"


def _scale(scale: Mapping[str, Any]) -> str:
    bounds = f"{scale['replicas']} replicas of {scale['min']} to {scale['max']}"
    wants = f", {scale['desired']} wanted" if scale["desired"] != scale["replicas"] else ""
    why = f": {scale['detail']}" if scale["detail"] else ""
    return f"{scale['rule']}: {scale['target']} has {bounds}{wants}, {scale['reason'] or 'not decided yet'}{why}"


def _waiting(alerts: Sequence[Mapping[str, Any]], ladders: Iterable[Mapping[str, Any]]) -> Lines:
    firing = sum(alert["state"] == "firing" for alert in alerts)
    yield "alerts", f"{firing} firing, {len(alerts) - firing} pending"
    for ladder in ladders:
        held = f", held by {ladder['held_by']}" if ladder["held_by"] else ""
        if due_ms := ladder.get("due_ms"):
            held = f" for {show.age(max(due_ms - now_ms(), 0))} from now"
        step = f"step {ladder['step'] + 1} of {ladder['of']}"
        yield "ladder", f"{ladder['rule']}: {step}, {ladder['phase']}{held}: {ladder['does'] or ladder['target']}"
        if ladder["phase"] == "approval":
            yield "", f"reflexarc approve {ladder['command'][:12]}"
