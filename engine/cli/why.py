"""`reflexarc why ID`: one causal chain, from the message that began it to how it ended."""

import argparse
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from engine.cli import show
from engine.cli.config import Config
from engine.cli.connect import connected
from engine.cli.failure import CommandFailedError
from engine.cli.history import Happening, read_audit
from engine.runtime.bus import Bus
from engine.runtime.lookup import get
from schemas import subjects
from schemas.audit import AuditEntry
from schemas.reasons import MEANING


async def why(args: argparse.Namespace, config: Config) -> None:
    """Print everything on record about what the id names."""
    async with connected(config) as bus:
        audit = await read_audit(bus)
        chain = causal_chain(audit, args.id)
        cause = await _cause(bus, chain[0])
    earlier = earlier_episodes(audit, chain)
    if args.json:
        chained = [{"seq": each.seq, "time_ms": each.time_ms, "entry": each.entry} for each in chain]
        show.as_json({"cause": cause, "chain": chained, "earlier_episodes": earlier})
        return
    began = "asked" if cause["subject"].startswith("ops.control.") else "sensed"
    line = f"{show.clock(cause['time_ms'])}  {began:11} {'':7}  journal message {cause['seq']} on {cause['subject']}"
    show.say(line + show.visible(_asked(audit, cause["seq"])))
    for happening in chain:
        show.say(told(happening, cause["time_ms"]))
    if earlier:
        print(
            f"The alert had {earlier} earlier episode{'s' * (earlier > 1)}, which `why` shows by the id of a command."
        )


def _asked(audit: Sequence[Happening], seq: int) -> str:
    """What a person said beside it in journal message `seq`, if one did."""
    said = (each.entry for each in audit if each.seq == seq and each.entry.kind == "control")
    return next((f", by {entry.by}" + (f": {entry.detail}" if entry.detail else "") for entry in said), "")


def causal_chain(audit: Sequence[Happening], prefix: str) -> list[Happening]:
    """What belongs together with the one id that begins so: its alert episode, the ladders on it, their commands, the
    outcomes. For an alert that is its newest episode. Raises `CommandFailedError` where none or several begin so.
    """
    id_ = _the_one(audit, prefix)
    named = [found.entry for found in audit if id_ in map(_root, _ids(found.entry).values())]
    # A ladder that began another one, as of a playbook or to undo what it did, has given it its own name and more.
    roots = {_root(entry.ladder) for entry in named if entry.ladder and entry.alert != id_}
    if roots:
        named += [found.entry for found in audit if found.entry.ladder in roots]
    episode = max(((entry.alert, entry.onset) for entry in named if entry.alert), key=lambda of: of[1], default=None)
    roots |= {found.entry.ladder for found in audit if found.entry.ladder and _is_about(found.entry, episode)}
    # An outcome that came too late for its ladder is known by its command alone.
    commands = {found.entry.command for found in audit if _root(found.entry.ladder) in roots} - {""} | {id_}
    return [
        found
        for found in audit
        if _is_about(found.entry, episode)
        or _root(found.entry.ladder) in roots
        or found.entry.command in commands
        or _is_abort(found.entry, roots)
    ]


def _is_abort(entry: AuditEntry, roots: Collection[str]) -> bool:
    """Whether a person ended one of these runs. What they said of it stands behind its id."""
    return entry.kind == "control" and entry.verb == "abort" and entry.detail.partition(" ")[0] in roots


def _root(ladder: str) -> str:
    """The id of the ladder within or beside which all began that goes by the name `ladder`."""
    return ladder.partition("-")[0]


def earlier_episodes(audit: Sequence[Happening], chain: Sequence[Happening]) -> int:
    """How many episodes the chain's alert had before this one."""
    episode = next(((found.entry.alert, found.entry.onset) for found in chain if found.entry.alert), None)
    if episode is None:
        return 0
    return len({found.entry.onset for found in audit if found.entry.alert == episode[0]} - {episode[1]})


def _the_one(audit: Sequence[Happening], prefix: str) -> str:
    found: dict[str, str] = {}
    for happening in audit:
        entry = happening.entry
        for kind, id_ in _ids(entry).items():
            if id_.startswith(prefix):
                about = entry.detail if kind == "command" else entry.rule
                # What a ladder has begun goes by its name and more.
                found.setdefault(_root(id_), f"  {id_}  {kind:7}  {show.clock(happening.time_ms)}  {about}")
    if not found:
        raise CommandFailedError(f"nothing on record has an id that begins with {prefix!r}")
    if len(found) > 1:
        listed = "\n".join(found.values())
        raise CommandFailedError(f"{len(found)} ids begin with {prefix!r}:\n{listed}")
    return next(iter(found))


def _ids(entry: AuditEntry) -> dict[str, str]:
    ids = {"alert": entry.alert, "ladder": entry.ladder, "command": entry.command}
    return {kind: id_ for kind, id_ in ids.items() if id_}


def _is_about(entry: AuditEntry, episode: tuple[str, int] | None) -> bool:
    return episode is not None and (entry.alert, entry.onset) == episode


async def _cause(bus: Bus, first: Happening) -> dict[str, Any]:
    seq = first.entry.onset or first.seq
    message = await get(bus, subjects.JOURNAL, seq)
    if message is None:
        return {"seq": seq, "subject": "a subject unknown: the journal no longer keeps it", "time_ms": first.time_ms}
    return {"seq": seq, "subject": message.subject, "time_ms": message.time_ms}


def place(entry: AuditEntry) -> str:
    """Where in a run it is: the steps that lead there, each with its branch, such as `step 1.2 / 3`; empty outside of
    what runs within another ladder."""
    led = [part.split(".") for part in entry.ladder.split("-")[1:]]
    steps = [f"{int(part[0]) + 1}.{int(part[2]) + 1}" for part in led if len(part) == 3]
    own = [] if entry.state == "ended" or entry.kind == "outcome" else [str(entry.step + 1)]
    return f"step {' / '.join([*steps, *own])}" if steps else ""


def told(happening: Happening, began_ms: int) -> str:
    """One link of the chain, which began at `began_ms`, in lines; all but the first are indented."""
    return "\n".join(_lines(happening, began_ms))


def _lines(happening: Happening, began_ms: int) -> Iterator[str]:
    entry = happening.entry
    what = {"transition": entry.state, "outcome": entry.state, "control": entry.verb}.get(entry.kind, entry.kind)
    by = f"by {entry.by}" if entry.by else ""
    words = [part for part in (entry.rule, place(entry), entry.detail or entry.target, by) if part]
    after = f"+{show.age(happening.time_ms - began_ms)}"
    first, *more = "  ".join(words).split("\n")
    yield f"{show.clock(happening.time_ms)}  {what:11} {after:>7}  {first}"
    yield from (f"{'':35}{line}" for line in more)
    if entry.evidence:
        yield f"{'':35}evidence {entry.evidence.name}, sha256 {entry.evidence.sha256}"
    if entry.reason:
        yield f"{'':35}{entry.reason}: {MEANING[entry.reason]}"
