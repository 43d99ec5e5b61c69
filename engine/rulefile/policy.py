"""`policy.yaml`: its mistakes, and the policy that the core runs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeVar

from msgspec.structs import replace

from engine.core import cron, policy
from engine.core.verbs import Verbs
from engine.rulefile.errors import RuleError
from engine.rulefile.messages import suggestion
from engine.rulefile.structure import FoundGroup, Place, Reader
from engine.rulefile.zones import zone
from schemas import policyfile
from schemas.policyfile import PolicyFile
from schemas.rulefile import LadderRule
from schemas.scalefile import ScaleRule
from schemas.wording import shown

Patterns = list[str]
_Counted = TypeVar("_Counted", policy.Limit, policy.BlastRadius)
_Selecting = policyfile.Limit | policyfile.BlastRadius | policyfile.Window | policyfile.Approval


def split(files: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The files of policies, told by their name, and the others."""
    policies = {path: text for path, text in files.items() if PurePosixPath(path).stem == "policy"}
    return policies, {path: text for path, text in files.items() if path not in policies}


@dataclass(frozen=True, slots=True)
class FoundPolicy:
    """A policy file as read. `model` is None where it was not valid, or there is none."""

    place: Place | None = None
    model: PolicyFile | None = None


def read(reader: Reader, files: Mapping[str, str]) -> tuple[FoundPolicy, list[RuleError]]:
    """The one policy of a set of files, and what its own fields cannot show to be wrong."""
    found = FoundPolicy()
    errors: list[RuleError] = []
    for path, text in sorted(files.items()):
        if found.place:
            errors.append(RuleError(path, 1, 1, f"there is a policy already, {found.place.path}: expected one"))
            continue
        read_one = reader.document(path, text, PolicyFile)
        if read_one:
            found = FoundPolicy(*read_one)
    if found.place and found.model:
        errors += _mistakes(found.place, found.model)
    return found, errors


def unknown_rules(found: FoundPolicy, groups: Sequence[FoundGroup], playbooks: Iterable[str]) -> Iterator[RuleError]:
    """Rules, and playbooks such as `fix@1`, that the policy names and that there are not: a misspelt one would bound
    nothing.
    """
    if found.place is None or found.model is None:
        return
    acting = (LadderRule, ScaleRule)
    known = {rule.name for group in groups for rule in group.rules if isinstance(rule.model, acting)}
    known |= set(playbooks)
    for path, name in _named(found.model, "rules"):
        if "*" not in name and name not in known:
            yield found.place.error(path, f"no rule that acts has the name {name!r}, {suggestion(name, known)}")


def unknown_verbs(found: FoundPolicy, verbs: Verbs) -> Iterator[RuleError]:
    """Verbs that no actuator has: a misspelt one would bound nothing, or forbid what is meant to be allowed."""
    if found.place is None or found.model is None:
        return
    allowed = ((("environments", name, "verbs"), each.verbs) for name, each in found.model.environments.items())
    in_environments = (((*path, at), verb) for path, verbs_of in allowed for at, verb in enumerate(verbs_of))
    for path, name in (*in_environments, *_named(found.model, "verbs")):
        if "*" not in name and name not in verbs:
            yield found.place.error(path, f"no actuator has the verb {name!r}, {suggestion(name, verbs)}")


def zones(found: FoundPolicy) -> dict[str, cron.Zone]:
    """The time zones that the windows are in."""
    names = {window.timezone for window in found.model.windows} if found.model else ()
    return {name: zone(name) for name in sorted(names)}


def groups_of(found: FoundPolicy) -> Mapping[str, Patterns]:
    """The people in each group."""
    return found.model.groups if found.model else {}


def build(found: FoundPolicy) -> policy.Policy:
    """The policy of a file without mistakes; without a file, one that bounds nothing."""
    if found.place is None or found.model is None:
        return policy.Policy()
    model, place = found.model, found.place
    limits = [_limit(place, nth, each) for nth, each in enumerate(model.limits)]
    radii = [_blast_radius(place, nth, each) for nth, each in enumerate(model.blast_radius)]
    return policy.Policy(
        environments=tuple(
            policy.Environment(name=name, verbs=tuple(each.verbs)) for name, each in model.environments.items()
        ),
        protected=tuple(model.protected),
        limits=tuple(replace(each, id=id_) for each, id_ in _apart(limits)),
        blast_radius=tuple(replace(each, id=id_) for each, id_ in _apart(radii)),
        windows=tuple(_window(place, nth, each) for nth, each in enumerate(model.windows)),
        approvals=tuple(_approval(place, nth, each, model.groups) for nth, each in enumerate(model.approvals)),
        samples_ms=model.freshness.samples_ms or 0,
        inventory_ms=model.freshness.inventory_ms or 0,
        flapping=policy.Flapping(heals=model.flapping.heals, within_ms=model.flapping.within_ms)
        if model.flapping
        else policy.Flapping(),
        emergency=tuple(model.emergency.rules),
        notify=tuple(model.notify),
        sources={name: _source(place, name) for name in sorted(model.model_fields_set)},
    )


# --- mistakes ---


def _mistakes(place: Place, model: PolicyFile) -> Iterator[RuleError]:
    for nth, window in enumerate(model.windows):
        yield from _of_times(place, nth, window)
    for nth, approval in enumerate(model.approvals):
        if message := too_few(approval.by, approval.count, model.groups):
            yield place.error(("approvals", nth, "count"), message)
    protected = ((("protected", at), name) for at, name in enumerate(model.protected))
    for path, name in (*protected, *_named(model, "targets")):
        if ":" not in name and "*" not in name:
            yield place.error(
                path, f"names no target: expected its kind before it, such as workload:{name}, got {name!r}"
            )


def _of_times(place: Place, nth: int, window: policyfile.Window) -> Iterator[RuleError]:
    path = ("windows", nth)
    try:
        zone(window.timezone)
    except ValueError as error:
        yield place.error((*path, "timezone"), str(error))
    try:
        if window.cron and cron.following(cron.parse(window.cron), cron.UTC, 0) is None:
            yield place.error((*path, "cron"), f"never comes: {shown(window.cron)}")
    except ValueError as error:
        yield place.error((*path, "cron"), str(error))


_Path = tuple[str | int, ...]


def _named(model: PolicyFile, which: Literal["rules", "targets", "verbs"]) -> Iterator[tuple[_Path, str]]:
    """The names that say which acts something is about, each with its place."""
    lists: dict[str, Sequence[_Selecting]] = {
        "limits": model.limits,
        "blast_radius": model.blast_radius,
        "windows": model.windows,
        "approvals": model.approvals,
    }
    for field, selecting in lists.items():
        for nth, each in enumerate(selecting):
            yield from (((field, nth, which, at), name) for at, name in enumerate(getattr(each, which)))
    if which == "rules":
        yield from ((("emergency", "rules", at), name) for at, name in enumerate(model.emergency.rules))


# --- building ---


def _acts(each: _Selecting) -> policy.Acts:
    return policy.Acts(
        rules=tuple(each.rules), services=tuple(each.services), targets=tuple(each.targets), verbs=tuple(each.verbs)
    )


def _source(place: Place, *path: str | int) -> str:
    """Where it stands, for whoever reads why something was held."""
    mark = place.error(path, "", key=len(path) == 1)
    return f"{place.path}:{mark.line}"


def _limit(place: Place, nth: int, limit: policyfile.Limit) -> policy.Limit:
    acts = _acts(limit)
    return policy.Limit(
        id=f"limit {limit.per} {_key(acts)}",
        source=_source(place, "limits", nth),
        per=limit.per,
        acts=acts,
        cooldown_ms=limit.cooldown_ms or 0,
        rate=limit.rate.acts if limit.rate else 0,
        within_ms=limit.rate.within_ms if limit.rate else 0,
        concurrency=limit.concurrency or 0,
    )


def _blast_radius(place: Place, nth: int, radius: policyfile.BlastRadius) -> policy.BlastRadius:
    acts = _acts(radius)
    return policy.BlastRadius(
        id=f"blast radius {radius.per} {_key(acts)}",
        source=_source(place, "blast_radius", nth),
        per=radius.per,
        acts=acts,
        count=radius.max if isinstance(radius.max, int) else None,
        share=radius.max if isinstance(radius.max, float) else None,
        within_ms=radius.within_ms,
        keep_healthy=radius.keep_healthy,
    )


def _key(acts: policy.Acts) -> str:
    """What a limit is about, in words: what was counted for it stays counted when the file is edited around it."""
    lists = (acts.rules, acts.services, acts.targets, acts.verbs)
    return ";".join(",".join(names) for names in lists)


def _apart(found: Sequence[_Counted]) -> Iterator[tuple[_Counted, str]]:
    """Each with its id; several about the same acts, such as 5 within 10m and 20 within 1h, are counted apart."""
    seen: Counter[str] = Counter()
    for each in found:
        seen[each.id] += 1
        yield each, each.id if seen[each.id] == 1 else f"{each.id} #{seen[each.id]}"


def _window(place: Place, nth: int, window: policyfile.Window) -> policy.Window:
    return policy.Window(
        name=window.name,
        source=_source(place, "windows", nth),
        effect=window.effect,
        acts=_acts(window),
        cron=window.cron or "",
        zone=window.timezone,
        duration_ms=window.duration_ms or 0,
        from_ms=window.from_ms or 0,
        until_ms=window.until_ms or 0,
    )


def _approval(place: Place, nth: int, approval: policyfile.Approval, groups: Mapping[str, Patterns]) -> policy.Approval:
    return policy.Approval(
        source=_source(place, "approvals", nth),
        acts=_acts(approval),
        by=people(approval.by, groups),
        count=approval.count,
        deadline_ms=approval.deadline_ms or 0,
        lapse=approval.lapse,
    )


def people(by: Patterns, groups: Mapping[str, Patterns]) -> tuple[str, ...]:
    """Groups stand for those in them."""
    return tuple(dict.fromkeys(person for name in by for person in groups.get(name, [name])))


def too_few(by: Patterns, count: int, groups: Mapping[str, Patterns]) -> str:
    """What is wrong where fewer people are asked than must approve; empty where nothing is."""
    asked = people(by, groups)
    return f"{count} of {len(asked)} can never be: {', '.join(asked)}" if asked and len(asked) < count else ""
