"""A run of a playbook as it goes on: what the audit says of it, and what it waits for while the audit says nothing."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any

from engine.cli import show
from engine.cli.act import told
from engine.cli.failure import CommandFailedError
from engine.cli.history import Happening, follow_audit
from engine.cli.verdict import DECIDED_WITHIN_S
from engine.cli.why import place
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from schemas.audit import AuditEntry
from schemas.control import Play
from schemas.reasons import Reason

LOOKS_EVERY_S = 1.0
"""While nothing happens it is told what is waited for."""


def run_id(request: Play) -> str:
    """The id that the engine gives to the run of a request that names its version."""
    from engine.core.remediation import ladder_id  # noqa: PLC0415 - who only looks need not wait for all that it loads

    return ladder_id(f"{request.playbook}@{request.version}", request.id, 0)


async def followed(bus: Bus, request: Play, seq: int, next_seq: int) -> Reason:
    """Print what becomes of the request in journal message `seq`, from the audit's record `next_seq` on, until it is
    over; why it is.

    Raises `CommandFailedError` where nobody decides on it, or it is refused.
    """
    id_ = run_id(request)
    show.say(f"run {id_} of {request.playbook}@{request.version}")
    entries: asyncio.Queue[AuditEntry] = asyncio.Queue()
    async with aclosing(follow_audit(bus, next_seq)) as happenings:
        reader = asyncio.create_task(_into(entries, happenings, id_, seq))
        try:
            return await _told_until_over(bus, id_, entries, dry_run=request.dry_run)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


async def _into(
    entries: "asyncio.Queue[AuditEntry]", happenings: AsyncGenerator[Happening], id_: str, seq: int
) -> None:
    """What is about the run, or says that it was refused."""
    async for happening in happenings:
        entry = happening.entry
        refused = happening.seq == seq and entry.state == "ended" and not entry.ladder
        if entry.ladder == id_ or entry.ladder.startswith(f"{id_}-") or refused:
            entries.put_nowait(entry)


async def _told_until_over(bus: Bus, id_: str, entries: "asyncio.Queue[AuditEntry]", *, dry_run: bool) -> Reason:
    """Of a dry run it is told what would be done; that a step is over says nothing there."""
    told_of: list[str] = []
    begun, waited_s = False, 0.0
    while True:
        try:
            entry = await asyncio.wait_for(entries.get(), LOOKS_EVERY_S)
        except TimeoutError:
            waited_s += LOOKS_EVERY_S
            if not begun and waited_s >= DECIDED_WITHIN_S:
                raise CommandFailedError("no engine has decided on it yet; the request waits in the journal") from None
            before, told_of = told_of, await _waits(bus, id_)
            for line in told_of:
                if line not in before:
                    show.say(line)
            continue
        begun = True
        if not entry.ladder:
            raise CommandFailedError(f"refused: {told(entry)}")
        if not dry_run or (entry.detail and entry.reason is not Reason.DONE):
            show.say(_line(entry, id_))
        if entry.ladder == id_ and entry.state == "ended" and entry.reason:
            if dry_run:
                show.say("it was a dry run: nothing was done")
            return entry.reason


async def _waits(bus: Bus, id_: str) -> list[str]:
    """What the run waits for, as the engine tells; while none lives, that."""
    try:
        found = await ask(bus, "engine", "run", id_.encode())
    except NobodyAnswersError as error:
        return [f"{error}: the run goes on when one does"]
    return list(now(found[0])) if found else []


def _line(entry: AuditEntry, id_: str) -> str:
    """An entry in words; those of what runs within the run are indented, and say of which branch of which step."""
    depth = entry.ladder.removeprefix(id_).count("-")
    own = "" if entry.state == "ended" or entry.kind == "outcome" else f"step {entry.step + 1}"
    undoing = "compensating, " if entry.rule.endswith("/compensate") else ""
    where = undoing + (place(entry) or own)
    return "  " * depth + show.visible((f"{where}: " if where else "") + told(entry))


def now(run: Mapping[str, Any]) -> Iterator[str]:
    """What the run waits for at this moment, if it does."""
    for each in run["now"]:
        depth = each["id"].removeprefix(run["id"]).count("-")
        if each["phase"] == "waiting":
            continue
        why = f", held: {each['held_by']}" if each["held_by"] else ""
        what = f": {each['does']}" if each["does"] else ""
        yield "  " * depth + show.visible(f"step {each['step'] + 1} of {each['of']}, {each['phase']}{why}{what}")
