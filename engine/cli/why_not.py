"""`reflexarc why-not RULE [TARGET]`: why a rule has not acted, or not yet. The engine tells what is so now; the audit
what was decided before.
"""

import argparse
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from engine.cli import show
from engine.cli.config import Config
from engine.cli.connect import connected
from engine.cli.failure import CommandFailedError
from engine.cli.history import Happening, read_audit
from engine.cli.look import ask_engine
from engine.core.explain import Explanation, Nearest, Standing, Verdict, Why
from engine.runtime.live import WhyNot
from schemas.audit import AuditEntry
from schemas.reasons import MEANING, Reason

DAY_MS = 86_400_000


async def why_not(args: argparse.Namespace, config: Config) -> None:
    """Print the reason first, then everything that bears on it. Raises `CommandFailedError` for a rule there is not."""
    question = msgspec.json.encode(WhyNot(args.rule, args.target or ""))
    async with connected(config) as bus:
        found = msgspec.convert(await ask_engine(bus, "why-not", question), Explanation, strict=False)
        audit = await read_audit(bus)
    past = decisions(audit, found)
    if args.json:
        last = [{"seq": each.seq, "time_ms": each.time_ms, "entry": each.entry} for each in past[-args.last :]]
        show.as_json({"explanation": found, "decisions": last})
    if found.why[0].reason is Reason.UNKNOWN_RULE:
        raise CommandFailedError(_unknown(found))
    if not args.json:
        for line in _lines(found, past, args.last):
            show.say(line)


def decisions(audit: Sequence[Happening], found: Explanation) -> list[Happening]:
    """What was decided of the rule on the target, commanded, and answered, oldest first."""
    ladders = {each.ladder for each in found.ladders} | {each.ladder for each in _concerned(found)}
    commands: set[str] = set()
    about: list[Happening] = []
    for happening in audit:
        entry = happening.entry
        if entry.kind in ("decision", "command") and _is_about(entry, found, ladders):
            about.append(happening)
            commands.add(entry.command)
        elif entry.kind == "outcome" and entry.command in commands:
            about.append(happening)
    return about


def _concerned(found: Explanation) -> Iterator[Nearest]:
    """The alerts on the target itself."""
    yield from (each for each in found.alerts if each.ladder and each.target == found.target)


def _is_about(entry: AuditEntry, found: Explanation, ladders: Collection[str]) -> bool:
    named = entry.rule == found.rule or entry.rule.startswith(f"{found.rule}/")
    on_target = found.target in ("", entry.target)
    return (named and on_target) or entry.ladder in ladders


# --- for people ---


def _unknown(found: Explanation) -> str:
    problem = found.why[0].detail or f"no rule that acts, and no playbook, is named {found.rule!r}"
    return problem + (f"; did you mean {' or '.join(found.suggestions)}?" if found.suggestions else "")


def _lines(found: Explanation, past: Sequence[Happening], last: int) -> Iterator[str]:
    """The answer, line by line."""
    yield _title(found, past)
    for why in found.why:
        yield from _why(why, found)
    if found.suggestions:
        yield f"    did you mean {' or '.join(found.suggestions)}?"
    if found.does:
        yield f"It would {found.does}."
    yield from _ladders(found)
    yield from _alerts(found, past)
    yield from _guardrails(found)
    yield from _decisions(past, last)


def _title(found: Explanation, past: Sequence[Happening]) -> str:
    kind = ", ".join(part for part in (found.kind, found.mode, found.source) if part)
    on = f" on {found.target}" if found.target else ""
    commanded = [each for each in past if each.entry.kind == "command" and found.target in ("", each.entry.target)]
    if found.ladders and found.ladders[0].phase in ("commanded", "verifying"):
        return f"{found.rule} ({kind}) acts{on}:"
    if commanded:
        ago = show.age(max(found.now_ms - commanded[-1].time_ms, 0))
        return f"{found.rule} ({kind}) last acted{on} {ago} ago, and not since:"
    return f"{found.rule} ({kind}) has not acted{on}:"


def _why(why: Why, found: Explanation) -> Iterator[str]:
    yield f"  {why.reason}{_until(why.until_ms, found.now_ms)}: {MEANING[why.reason]}"
    if why.detail:
        yield f"    {why.detail}"
    if why.source not in ("", found.source) and why.source not in why.detail:
        yield f"    {why.source}"


def _until(until_ms: int | None, now_ms: int) -> str:
    if until_ms is None:
        return ""
    left_ms = until_ms - now_ms
    if left_ms > DAY_MS:
        return f" until {show.day(until_ms)} (in {left_ms // DAY_MS}d)"
    left = f"in {show.age(left_ms)}" if left_ms > 0 else "by now"
    return f" until {show.clock(until_ms)[:8]} ({left})"


def _ladders(found: Explanation) -> Iterator[str]:
    for ladder in found.ladders:
        yield f"ladder {ladder.ladder}: {_standing(ladder, found.now_ms)}"
        if ladder.waits_as:
            yield f"    reflexarc approve {ladder.waits_as[:12]}"
    if found.more_ladders:
        yield f"and {found.more_ladders} more ladders"


def _standing(ladder: Standing, now_ms: int) -> str:
    step = f"step {ladder.step + 1} of {ladder.of}, {ladder.phase}"
    about = f", {ladder.does or ladder.target}" if ladder.does or ladder.target else ""
    return f"{step}, {ladder.why.reason}{_until(ladder.why.until_ms, now_ms)}{about}"


def _alerts(found: Explanation, past: Sequence[Happening]) -> Iterator[str]:
    for alert in found.alerts:
        if not alert.alert:
            continue  # that it is not active stands above
        since = f" for {show.age(max(found.now_ms - alert.since_ms, 0))}" if alert.since_ms is not None else ""
        about = f" → {alert.target}" if alert.target else ""
        labels = show.labels(alert.labels, without=("alertname",))
        yield f"alert {alert.alert}: {alert.alertname} {alert.state}{since}  {labels}{about}"
        if found.why[0].reason in (Reason.LADDER_OVER, Reason.SHADOW) and alert.state == "firing":
            yield f"    {_ended(alert, past)}"
    if found.more_alerts:
        yield f"and {found.more_alerts} more alerts"


def _ended(alert: Nearest, past: Sequence[Happening]) -> str:
    """How the ladder ended that the alert called for when it fired."""
    of_ladder = [each for each in past if each.entry.ladder == alert.ladder]
    ended = next((each for each in reversed(of_ladder) if each.entry.state == "ended"), None)
    if ended is None:
        return "no ladder is on record for it: the rule has come after it fired, or the audit no longer reaches so far"
    detail = f": {ended.entry.detail}" if ended.entry.detail else ""
    return f"its ladder {alert.ladder} ended {ended.entry.reason} at {show.clock(ended.time_ms)}{detail}"


def _guardrails(found: Explanation) -> Iterator[str]:
    if not found.guardrails:
        return
    yield "Every guardrail, asked now:"
    for verdict in found.guardrails:
        yield from _verdict(verdict, found.now_ms)


def _verdict(verdict: Verdict, now_ms: int) -> Iterator[str]:
    if not verdict.asked:
        yield f"  -  {verdict.asks:42} nothing to ask it about"
    elif not verdict.objections:
        yield f"  ok {verdict.asks:42} {verdict.detail}".rstrip()
    for each in verdict.objections:
        said = f"{each.reason}{_until(each.until_ms, now_ms)} {each.detail}".rstrip()
        source = f" ({each.source})" if each.source and each.source not in each.detail else ""
        yield f"  NO {verdict.asks:42} {said}{source}"


def _decisions(past: Sequence[Happening], last: int) -> Iterator[str]:
    shown = past[-last:] if last > 0 else []
    if shown:
        yield f"The last {len(shown)} of {len(past)} decisions:" if len(past) > len(shown) else "Decided so far:"
    for each in shown:
        yield f"  {show.clock(each.time_ms)}  {_told(each.entry)}"


def _told(entry: AuditEntry) -> str:
    what: Any = entry.state if entry.kind == "outcome" else entry.reason
    words = [str(what or ""), "commanded:" if entry.kind == "command" else "", entry.detail or entry.target]
    words += [f"by {entry.by}" if entry.by else "", f"(ladder {entry.ladder})" if entry.ladder else ""]
    return " ".join(word for word in words if word)
