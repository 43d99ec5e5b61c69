"""Commands that steer: each is a control message in the journal, decided on by the engine and recorded in the audit."""

import argparse

from engine.cli import show
from engine.cli.config import Config
from engine.cli.connect import connected, person
from engine.cli.failure import CommandFailedError
from engine.cli.look import ask_engine
from engine.runtime import halts
from engine.runtime.bus import Bus
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.codec import encode
from schemas.control import Approve, Halt, Resume


async def halt(args: argparse.Namespace, config: Config) -> None:
    """Stop acts: first for the actuators, which look before every effect, then for the decisions to come."""
    request = Halt(id=new_id(), by=person(), scope=args.target, why=args.why)
    async with connected(config) as bus:
        await halts.write(bus, request)
        await _publish(bus, "halt", request)
    given = "" if args.target == "*" else f" --target {args.target}"
    print(f"halted {_scope(args.target)}; `reflexarc resume{given}` ends it")


async def resume(args: argparse.Namespace, config: Config) -> None:
    """End a halt."""
    async with connected(config) as bus:
        await halts.clear(bus, args.target)
        await _publish(bus, "resume", Resume(id=new_id(), by=person(), scope=args.target))
    print(f"resumed {_scope(args.target)}")


async def approve(args: argparse.Namespace, config: Config) -> None:
    """Answer for a command that waits for a person."""
    async with connected(config) as bus:
        waiting = [ladder for ladder in await ask_engine(bus, "ladders") if ladder["phase"] == "approval"]
        found = [ladder for ladder in waiting if ladder["command"].startswith(args.command)]
        if len(found) != 1:
            known = "\n".join(f"  {ladder['command'][:12]}  {ladder['does']}" for ladder in waiting) or "  nothing"
            raise CommandFailedError(f"{len(found)} waiting commands begin with {args.command!r}. Waiting:\n{known}")
        request = Approve(id=new_id(), by=person(), command=found[0]["command"], deny=args.deny)
        await _publish(bus, "approve", request)
    print(f"{'denied' if args.deny else 'approved'}: {show.visible(found[0]['does'])}")


async def _publish(bus: Bus, verb: str, request: Halt | Resume | Approve) -> None:
    await bus.publish(subjects.control(verb), encode(request), msg_id=request.id)


def _scope(target: str) -> str:
    return "all acts" if target == "*" else f"acts on {target}"
