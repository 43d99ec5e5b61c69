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
    for label, words in [*_roles(living), *of_engine(engine), *_waiting(alerts, ladders)]:
        show.say(f"{label:10} {show.visible(words)}")


Lines = Iterable[tuple[str, str]]

MOST_LEFT_OUT = 10
"""Reasons on one screen: Sigma rules come by the thousand."""
MOST_TARGETS = 30
"""Of one actuator, on one screen: a cluster has thousands. `--json` has all."""

_KINDS = {
    "alert": "alert",
    "record": "recording",
    "event": "event",
    "heal": "heal",
    "respond": "respond",
    "scale": "scale",
}
"""Of rules, in the engine's words and in those of `rules check`."""


def _roles(living: Iterable[Liveness]) -> Lines:
    for each in living:
        yield each.role, each.detail if each.alive else f"DOWN: {each.detail}"


def of_engine(engine: Mapping[str, Any]) -> Lines:
    """What the engine says of itself, by label."""
    settling = ", settling: acts wait" if engine["settling"] else ""
    yield "journal", f"at message {engine['journal_seq']}, {show.age(engine['lag_ms'])} ago{settling}"
    yield "series", f"{engine['series']}, events seen {engine['events']}"
    for what in engine.get("without_place", ()):  # an engine of before an upgrade does not tell
        yield "LIMIT", what
    if engine["url"]:
        yield "http", engine["url"]
    rules = engine["rules"]
    counts = (f"{rules[kind]} {word}" for kind, word in _KINDS.items() if kind in rules)
    yield "rules", ", ".join(counts)
    if rules.get("playbook"):
        yield "playbooks", f"{rules['playbook']}, which `reflexarc playbook list` tells of"
    if "policy" in engine:  # an engine of before an upgrade does not tell
        yield (
            "policy",
            engine["policy"] or "none: modes, cooldowns and halts alone bound acts",
        )
    yield from _left_out(rules.get("left_out", ()))
    if rules["refused"]:
        yield "REFUSED", "the newest edit of the rules; those before it stay active"
    for error in rules["refused"]:
        yield "", error
    for rule, error in rules["failing"].items():
        yield "FAILING", f"{rule}: {error}"
    for owner in engine.get("disbelieved_by", ()):
        yield "REFUSED", f"all commands, by {owner}: it does not list this engine's key {engine['key']}"
    if engine.get("emergency"):
        yield "EMERGENCY", f"only people act, and the rules that the policy lists: by {engine['emergency']}"
    for scope, by in engine["halts"].items():
        yield "HALTED", f"{'everything' if scope == '*' else scope}, by {by}"
    for scale in engine.get("scales", ()):
        yield "scale", _scale(scale)
    for owner, targets in engine["inventory"].items():
        more = f" and {len(targets) - MOST_TARGETS} more" if len(targets) > MOST_TARGETS else ""
        yield "targets", f"{owner}: {', '.join(targets[:MOST_TARGETS]) or 'none'}{more}"


def _left_out(reasons: Sequence[str]) -> Lines:
    if reasons:
        yield "LEFT OUT", f"{len(reasons)} Sigma rule{'s' * (len(reasons) > 1)}; all others are active"
    for reason in reasons[:MOST_LEFT_OUT]:
        yield "", reason
    if len(reasons) > MOST_LEFT_OUT:
        yield "", f"and {len(reasons) - MOST_LEFT_OUT} more: see `reflexarc rules check`"


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
