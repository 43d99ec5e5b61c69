"""What is on record of one rule: what it did, would have done, and was kept from, counted in the audit."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from engine.cli import show
from engine.cli.history import Happening
from engine.core.taking import touched
from schemas.audit import AuditEntry
from schemas.reasons import Reason

HELD = frozenset(
    {
        Reason.HALTED,
        Reason.EMERGENCY,
        Reason.SETTLING,
        Reason.ISOLATED,
        Reason.FLAPPING,
        Reason.COOLDOWN,
        Reason.STALE_EVIDENCE,
        Reason.MAINTENANCE,
        Reason.OUTSIDE_WINDOW,
        Reason.RATE_LIMIT,
        Reason.CONCURRENCY,
        Reason.BLAST_RADIUS,
        Reason.LAST_HEALTHY,
        Reason.AWAITING_APPROVAL,
    }
)
"""Reasons to wait."""
REFUSED = frozenset(
    {
        Reason.VERB_NOT_ALLOWED,
        Reason.PROTECTED,
        Reason.UNKNOWN_TARGET,
        Reason.UNKNOWN_VERB,
        Reason.OTHER_NODE,
        Reason.BAD_ARGUMENTS,
        Reason.NOTHING_TO_DO,
        Reason.APPROVAL_DENIED,
        Reason.APPROVAL_LAPSED,
    }
)
"""Reasons not to."""
WELL = frozenset({Reason.VERIFIED, Reason.RESPONDED, Reason.SCALED})
BADLY = frozenset({Reason.EXHAUSTED, Reason.RESPONDED_IN_PART, Reason.NOT_SCALED})


class Would(msgspec.Struct, frozen=True, kw_only=True):
    """What it would have done in shadow, so many `times`, touching so many `replicas` of a service, all in all."""

    verb: str
    service: str
    times: int
    replicas: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one rule. `since_ms` is when it was first heard of, None for never; `audit_since_ms` how far back the
    audit reaches. `turns` are its ladders. `acts` are commands that change something, by how they were answered, and
    `told` the others. `held` and `refused` are by reason.
    """

    rule: str
    since_ms: int | None = None
    audit_since_ms: int | None = None
    fired: int = 0
    turns: int = 0
    would: tuple[Would, ...] = ()
    held: dict[str, int] = {}
    refused: dict[str, int] = {}
    approved: int = 0
    acts: dict[str, int] = {}
    told: int = 0
    verified: int = 0
    failed: int = 0
    undone: int = 0
    unknown: int = 0
    false: int = 0


def record_of(audit: Sequence[Happening], origin: str, alertname: str, changing: Collection[str]) -> Record:
    """The record of the rule `origin`, which acts on alerts of a name, or on none. `changing` are the verbs that change
    their target.
    """
    own = {each.entry.ladder for each in audit if each.entry.rule == origin and each.entry.ladder}
    about = [each for each in audit if _is_about(each.entry, origin, own)]
    entries = [each.entry for each in about]
    ended = Counter(entry.reason for entry in entries if entry.state == "ended" and entry.rule == origin)
    reasons = Counter(entry.reason for entry in entries if entry.kind == "decision")
    acts, told = _commands(entries, changing)
    return Record(
        rule=origin,
        since_ms=about[0].time_ms if about else None,
        audit_since_ms=audit[0].time_ms if audit else None,
        fired=sum(_fires(each.entry, alertname) for each in audit),
        turns=len(own),
        would=tuple(_would(entries, changing)),
        held=_named(reasons, HELD),
        refused=_named(reasons, REFUSED),
        approved=reasons[Reason.APPROVED],
        acts=acts,
        told=told,
        verified=sum(ended[reason] for reason in WELL),
        failed=sum(ended[reason] for reason in BADLY),
        undone=reasons[Reason.REVERTED],
        unknown=reasons[Reason.FATE_UNKNOWN],
        false=ended[Reason.RESOLVED_BEFORE_ACT],
    )


def _is_about(entry: AuditEntry, origin: str, own: Collection[str]) -> bool:
    """What the rule's ladders began, as playbooks and what undoes an act, has their ids and more."""
    return entry.rule == origin or bool(entry.ladder and entry.ladder.partition("-")[0] in own)


def _fires(entry: AuditEntry, alertname: str) -> bool:
    return bool(alertname) and entry.kind == "transition" and entry.rule == alertname and entry.state == "firing"


def _named(reasons: Mapping[Reason | None, int], among: Collection[Reason]) -> dict[str, int]:
    return {str(reason): number for reason, number in reasons.items() if reason in among}


def _commands(entries: Sequence[AuditEntry], changing: Collection[str]) -> tuple[dict[str, int], int]:
    """Commands that change something, by what became of them, and how many others there were."""
    became: dict[str, str] = {}
    told = 0
    for entry in entries:
        if entry.kind == "command":
            told += entry.verb not in changing
            if entry.verb in changing:
                became[entry.command] = "in flight"
        elif entry.kind == "outcome" and entry.command in became:
            became[entry.command] = entry.state
    return dict(Counter(became.values())), told


def _would(entries: Sequence[AuditEntry], changing: Collection[str]) -> Iterator[Would]:
    times, replicas = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for entry in entries:
        if entry.reason is Reason.SHADOW and entry.verb in changing:
            _, counted = touched(entry.detail)
            for service, count in (counted or {"": 0}).items():
                times[entry.verb, service] += 1
                replicas[entry.verb, service] += count
    for (verb, service), number in times.items():
        yield Would(verb=verb, service=service, times=number, replicas=replicas[verb, service])


# --- for people ---


def lines(record: Record, now_ms: int) -> Iterator[str]:
    """The record, line by line."""
    if record.since_ms is None:
        reach = f" since {show.day(record.audit_since_ms)}" if record.audit_since_ms is not None else ""
        yield f"  nothing is on record of it{reach}"
    else:
        yield f"  {'on record since':16} {show.day(record.since_ms)}, {show.age(max(now_ms - record.since_ms, 0))} ago"
    yield f"  {'its alert fired':16} {_times(record.fired)}; it had its turn {_times(record.turns)}"
    for would in record.would:
        touching = (
            f", touching {would.replicas} replica{'s' * (would.replicas != 1)} of {would.service}"
            if would.service
            else ""
        )
        yield f"  {'would have':16} {would.verb}: {_times(would.times)}{touching}"
    acts = sum(record.acts.values())
    others = f"; told or looked {_times(record.told)}" if record.told else ""
    yield f"  {'acted':16} {_times(acts)}{_by(record.acts)}{others}"
    yield f"  {'held':16} {_times(sum(record.held.values()))}{_by(record.held)}; approved {_times(record.approved)}"
    yield f"  {'refused':16} {_times(sum(record.refused.values()))}{_by(record.refused)}"
    yield (
        f"  {'came to':16} {record.verified} verified, {record.failed} failed, {record.undone} undone, "
        f"{record.unknown} unknown, {record.false} false (resolved before it acted)"
    )


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _by(counts: Mapping[str, int]) -> str:
    return f": {', '.join(f'{name} {number}' for name, number in counts.items())}" if counts else ""
