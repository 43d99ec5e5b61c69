"""Commands that steer: each is a control message in the journal, decided on by the engine and recorded in the audit."""

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches

import msgspec

from engine.cli import show, verdict
from engine.cli.act import told
from engine.cli.config import Config
from engine.cli.connect import connected, person
from engine.cli.failure import CommandFailedError
from engine.cli.look import ask_engine
from engine.runtime import halts
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.codec import encode
from schemas.control import Approve, Emergency, Halt, Resume
from schemas.reasons import Reason

_GIVEN = (Reason.APPROVED, Reason.APPROVAL_DENIED)


async def halt(args: argparse.Namespace, config: Config) -> None:
    """Stop acts: first for the actuators, which look before every effect, then for the decisions to come."""
    scope = _scope(args)
    request = Halt(id=new_id(), by=person(config), scope=scope, why=args.why)
    async with connected(config) as bus:
        await halts.write(bus, request)
        await _publish(bus, "halt", request)
        unknown = await _unknown(bus, args)
    if unknown:
        show.say(f"{unknown}; should there be one, it is halted", file=sys.stderr)
    print(f"halted {_said(scope)}; `reflexarc resume{_option(args)}` ends it")


async def _unknown(bus: Bus, args: argparse.Namespace) -> str:
    """What the engine, if one lives, knows nothing of, though it is halted: a name may be mistyped."""
    try:
        if args.rule:
            return await _unknown_rule(bus, args.rule)
        status = await ask(bus, "engine", "status")
    except NobodyAnswersError:
        return ""
    if args.service:
        return "" if args.service in status["services"] else _none("service", args.service, status["services"])
    targets = [target for each in status["inventory"].values() for target in each]
    return "" if args.target in ("*", *targets) else _none("target", args.target, targets)


async def _unknown_rule(bus: Bus, rule: str) -> str:
    """A playbook has its version behind it."""
    answer = await ask(bus, "engine", "why-not", msgspec.json.encode({"rule": rule.partition("@")[0]}))
    known = answer["why"][0]["reason"] != Reason.UNKNOWN_RULE
    return "" if known else f"no rule {rule} acts now, and no playbook"


def _none(kind: str, name: str, known: Sequence[str]) -> str:
    alike = get_close_matches(name, known, n=1)
    return f"no actuator has a {kind} {name}" + (f", did you mean {alike[0]}?" if alike else "")


async def resume(args: argparse.Namespace, config: Config) -> None:
    """End a halt. Raises `CommandFailedError` where there is none."""
    async with connected(config) as bus:
        halted = await halts.scopes(bus)
        await halts.clear(bus, _scope(args))
        await _publish(bus, "resume", Resume(id=new_id(), by=person(config), scope=_scope(args)))
    if _scope(args) not in halted:
        others = ", ".join(sorted(halted)) or "nothing"
        raise CommandFailedError(f"there was no halt of {_scope(args)}; halted: {others}")
    print(f"resumed {_said(_scope(args))}")


async def emergency(args: argparse.Namespace, config: Config) -> None:
    """Declare an emergency, or end it: everybody is told, and only people and the listed rules act."""
    request = Emergency(id=new_id(), by=person(config), why=args.why, over=args.over)
    async with connected(config) as bus:
        decided = await verdict.told(bus, "emergency", request)
    if refused := [each for each in decided if each.reason is Reason.NO_EMERGENCY]:
        raise CommandFailedError(verdict.refusal(refused[0]))
    print("the emergency is over" if args.over else "an emergency is declared; `reflexarc emergency --over` ends it")
    pages = [entry for entry in decided if entry.kind == "command"]
    for entry in pages:
        show.say(told(entry))
    if not pages:
        show.say("nobody is paged: no actuator has a receiver", file=sys.stderr)


async def approve(args: argparse.Namespace, config: Config) -> None:
    """Answer for a command that waits for a person."""
    async with connected(config) as bus:
        waiting = [ladder for ladder in await ask_engine(bus, "ladders") if ladder["phase"] == "approval"]
        found = [ladder for ladder in waiting if ladder["command"].startswith(args.command)]
        if len(found) != 1:
            known = "\n".join(f"  {ladder['command'][:12]}  {ladder['does']}" for ladder in waiting) or "  nothing"
            raise CommandFailedError(f"{len(found)} waiting commands begin with {args.command!r}. Waiting:\n{known}")
        request = Approve(id=new_id(), by=person(config), command=found[0]["command"], deny=args.deny)
        decided = await verdict.told(bus, "approve", request)
    does, said = show.visible(found[0]["does"]), [each for each in decided if each.reason not in _GIVEN]
    given = [each for each in decided if each.reason is Reason.APPROVED and each.kind == "decision"]
    if refused := [each for each in said if each.reason in (Reason.NOT_AN_APPROVER, Reason.NOT_WAITING)]:
        raise CommandFailedError(f"{does}: {verdict.refusal(refused[0])}")
    left = next((f"; {each.detail}" for each in given if each.detail), "")
    print(f"{'denied' if args.deny else 'approved'}: {does}{left}")
    for entry in said:
        show.say(told(entry))


async def _publish(bus: Bus, verb: str, request: Halt | Resume) -> None:
    await bus.publish(subjects.control(verb, request.by), encode(request), msg_id=request.id)


def _scope(args: argparse.Namespace) -> str:
    """The scope of a halt, as control messages name it."""
    if args.rule:
        return f"rule:{args.rule}"
    return f"service:{args.service}" if args.service else str(args.target)


def _option(args: argparse.Namespace) -> str:
    given = (("rule", args.rule), ("service", args.service), ("target", args.target))
    return next((f" --{name} {value}" for name, value in given if value not in (None, "*")), "")


def _said(scope: str) -> str:
    if scope == "*":
        return "all acts"
    return f"acts of {scope}" if scope.startswith("rule:") else f"acts on {scope}"
