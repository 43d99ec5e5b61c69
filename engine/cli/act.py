"""`reflexarc restart`, `scale`, … (`main.ASKED`): a person asks for one act, and is told what becomes of it.

The request is a control message like any other. The engine decides on it and an actuator carries it out; all that
happens here is to ask, and to read in the audit what followed.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing

from engine.cli import show
from engine.cli.config import Config, ConfigError
from engine.cli.connect import connected, person
from engine.cli.failure import CommandFailedError
from engine.cli.history import follow_audit
from engine.cli.verdict import DECIDED_WITHIN_S
from engine.runtime.bus import Bus
from engine.runtime.lookup import stream_state
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.audit import AuditEntry
from schemas.codec import encode
from schemas.control import Act
from schemas.reasons import MEANING, Reason

NODE = "node:"


async def act(args: argparse.Namespace, config: Config) -> None:
    """Ask for one verb on a workload, and tell what becomes of it until it is over.

    Raises `CommandFailedError` where it does not come about.
    """
    values = _arguments(args)
    async with connected(config) as bus:
        next_seq = (await stream_state(bus, subjects.AUDIT)).last_seq + 1
        seq = await ask_for(bus, person(config), args.verb, values, args.why)
        try:
            ended = await _told_until_over(bus, seq, next_seq)
        except TimeoutError as error:
            raise CommandFailedError("no engine has decided on it yet; the request waits in the journal") from error
    if ended is not Reason.DONE:
        raise CommandFailedError(f"{args.verb} of {args.workload} did not come about")


async def _told_until_over(bus: Bus, seq: int, next_seq: int) -> Reason | None:
    """Print what becomes of the request in journal message `seq` until it is over; why it is.

    Raises `TimeoutError` where nobody decides on it.
    """
    async with aclosing(_about(bus, seq, next_seq)) as entries, asyncio.timeout(DECIDED_WITHIN_S) as limit:
        async for entry in entries:
            limit.reschedule(None)
            if entry.reason not in (Reason.DONE, Reason.STEP_FAILED):  # what is asked for has one step: that was said
                show.say(show.visible(told(entry)))
            if entry.state == "ended":
                return entry.reason
    return None


async def ask_for(bus: Bus, by: str, verb: str, args: Mapping[str, str], why: str) -> int:
    """Put the request into the journal; its sequence there."""
    request = Act(id=new_id(), by=by, verb=verb, args=dict(args), why=why)
    return (await bus.publish(subjects.control("act", by), encode(request), msg_id=request.id)).seq


def _arguments(args: argparse.Namespace) -> dict[str, str]:
    if "=" in args.workload:  # what names the target: a deployment is one of a namespace
        return pairs([args.workload, *args.given], "deployment=web")
    workload, _, replica = args.workload.partition("/")
    values = {"workload": workload} | ({"replica": replica} if replica else {})
    if args.workload.startswith(NODE):
        values = {"node": args.workload.removeprefix(NODE)}
    return values | pairs(args.given, "version=v2")


def pairs(given: Iterable[str], such_as: str) -> dict[str, str]:
    """What is given as NAME=VALUE. Raises `ConfigError`."""
    values = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise ConfigError(f"{each!r}: expected NAME=VALUE, such as {such_as}")
        values[name] = value
    return values


async def _about(bus: Bus, seq: int, next_seq: int) -> AsyncGenerator[AuditEntry]:
    """What the audit says, from its record `next_seq` on, about the ladder of the request in journal message `seq`."""
    ladder = None
    async with aclosing(follow_audit(bus, next_seq)) as happenings:
        async for happening in happenings:
            entry = happening.entry
            if ladder is None and happening.seq == seq and not entry.alert:
                ladder = entry.ladder or None
            if ladder and entry.ladder == ladder:
                yield entry


def told(entry: AuditEntry) -> str:
    match entry.kind:
        case "command":
            return f"commanded: {entry.detail}"
        case "outcome":
            return f"{entry.state}: {entry.detail}" if entry.detail else entry.state
        case _ if entry.reason:
            by = f" by {entry.by}" if entry.by else ""
            return f"{entry.reason}{by}: {entry.detail or MEANING[entry.reason]}"
        case _:
            return entry.kind
