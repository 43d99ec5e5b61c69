"""`reflexarc why ID`: one causal chain, from the sample that began it to how it ended."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from engine.cli import show
from engine.cli.config import Config
from engine.cli.connect import connected
from engine.cli.history import Happening, read_audit
from engine.cli.main import CommandFailedError
from engine.runtime.bus import Bus
from engine.runtime.lookup import get
from schemas import subjects
from schemas.audit import AuditEntry
from schemas.reasons import MEANING


async def why(args: argparse.Namespace, config: Config) -> None:
    """Print everything on record about what the id names."""
    async with connected(config) as bus:
        chain = causal_chain(await read_audit(bus), args.id)
        if not chain:
            raise CommandFailedError(f"nothing on record has an id that begins with {args.id!r}")
        cause = await _cause(bus, chain[0])
    if args.json:
        show.as_json({"cause": cause, "chain": [_plain(happening) for happening in chain]})
        return
    print(f"{show.clock(cause['time_ms'])}  sensed      journal message {cause['seq']} on {cause['subject']}")
    for happening in chain:
        print(_line(happening, cause["time_ms"]))


def causal_chain(happenings: Sequence[Happening], prefix: str) -> list[Happening]:
    """What belongs together with the id: its alert episode, the ladders on it, their commands, the outcomes."""
    named = [found for found in happenings if any(id_.startswith(prefix) for id_ in _ids(found.entry))]
    episodes = {(found.entry.alert, found.entry.onset) for found in named if found.entry.alert}
    ladders = {found.entry.ladder for found in named if found.entry.ladder}
    if len({alert for alert, _ in episodes}) > 1:
        raise CommandFailedError(f"{prefix!r} is not enough: it names several alerts")
    ladders |= {
        found.entry.ladder
        for found in happenings
        if found.entry.ladder and (found.entry.alert, found.entry.onset) in episodes
    }
    return [
        found
        for found in happenings
        if (found.entry.alert, found.entry.onset) in episodes or (found.entry.ladder and found.entry.ladder in ladders)
    ]


def _ids(entry: AuditEntry) -> Iterable[str]:
    return (id_ for id_ in (entry.command, entry.ladder, entry.alert) if id_)


async def _cause(bus: Bus, first: Happening) -> dict[str, Any]:
    seq = first.entry.onset or first.seq
    message = await get(bus, subjects.JOURNAL, seq)
    if message is None:
        return {"seq": seq, "subject": "a message that the journal no longer keeps", "time_ms": first.time_ms}
    return {"seq": seq, "subject": message.subject, "time_ms": message.time_ms}


def _line(happening: Happening, began_ms: int) -> str:
    entry = happening.entry
    what = entry.state if entry.kind in ("transition", "outcome") else entry.kind
    about = entry.verb if entry.kind == "control" else entry.target
    words = [part for part in (entry.rule, about, entry.detail, f"by {entry.by}" if entry.by else "") if part]
    reason = f"{entry.reason}: {MEANING[entry.reason]}" if entry.reason else ""
    after = f"+{show.age(happening.time_ms - began_ms)}"
    return f"{show.clock(happening.time_ms)}  {what:11} {after:>7}  {'  '.join(words)}" + (
        f"\n{'':36}{reason}" if reason else ""
    )


def _plain(happening: Happening) -> dict[str, Any]:
    return {"seq": happening.seq, "time_ms": happening.time_ms, "entry": happening.entry}
