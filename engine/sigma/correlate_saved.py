"""What correlations know, as plain values and back: whoever goes on with it decides as the one that wrote it would."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.sigma.correlate_groups import Group
from engine.sigma.correlate_model import Key, Limits
from engine.sigma.correlate_rule import Correlating
from engine.sigma.model import Correlation


class SavedGroup(msgspec.Struct, frozen=True, array_like=True):
    key: Key
    source: str
    seq: int
    seen_ms: int
    due_ms: int | None
    opened_ms: int | None
    silent_ms: int | None
    first: list[tuple[int, str]]
    last: list[tuple[int, str]]
    window: list[Any]


class SavedCorrelation(msgspec.Struct, frozen=True, array_like=True):
    """`groups`: those of each node together, the least recently active first."""

    says: Correlation
    evicted: dict[str, int]
    passed_over: int
    groups: list[SavedGroup]


class Saved(msgspec.Struct, frozen=True):
    """By id of the rule."""

    seq: int
    event: str
    correlations: dict[str, SavedCorrelation]


def saved(correlating: Correlating) -> SavedCorrelation:
    groups = [_saved(group) for group in correlating.groups]
    return SavedCorrelation(correlating.says, dict(correlating.evicted), correlating.passed_over, groups)


def _saved(group: Group) -> SavedGroup:
    return SavedGroup(
        key=group.key,
        source=group.source,
        seq=group.seq,
        seen_ms=group.seen_ms,
        due_ms=group.due_ms,
        opened_ms=group.opened_ms,
        silent_ms=group.silent_ms,
        first=group.first,
        last=group.last,
        window=group.window.saved(),
    )


def restored(rule: str, saved: SavedCorrelation, limits: Limits) -> Correlating:
    correlating = Correlating(rule, saved.says, limits)
    correlating.evicted = Counter(saved.evicted)
    correlating.passed_over = saved.passed_over
    for each in saved.groups:
        group = Group(each.key, each.source, correlating.shape.restored(each.window))
        group.seq, group.seen_ms = each.seq, each.seen_ms
        group.due_ms, group.opened_ms, group.silent_ms = each.due_ms, each.opened_ms, each.silent_ms
        group.first, group.last = each.first, each.last
        correlating.groups.add(group)
    return correlating


def encode(seq: int, event: str, ranked: list[Correlating]) -> bytes:
    return msgspec.msgpack.encode(Saved(seq, event, {each.rule: saved(each) for each in ranked}))


def decode(data: bytes) -> Saved:
    """Raises `msgspec.MsgspecError`."""
    return msgspec.msgpack.decode(data, type=Saved)


def known(saved: Saved, limits: Limits) -> Mapping[str, Correlating]:
    """Each as it was."""
    return {rule: restored(rule, each, limits) for rule, each in saved.correlations.items()}
