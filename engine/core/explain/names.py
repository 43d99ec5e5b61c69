"""Which rule and which target are meant by what a person typed."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

from engine.core.program import HealRule, Playbook, Program
from engine.core.scaling.rule import ScaleRule
from engine.core.state import State
from engine.core.steps import titled

MOST = 5
"""So many names are suggested."""
_CLOSE = 0.5


class Acting(NamedTuple):
    """A rule or playbook that acts: `origin` is its name in the audit, `name` what people call it."""

    origin: str
    name: str
    rule: HealRule | ScaleRule | Playbook


def rules_named(program: Program, name: str) -> list[Acting]:
    """Those that the name may mean: one, unless there is none or several groups have it. Of a playbook the newest
    version is meant.
    """
    every = list(_every(program))
    in_full = [each for each in every if each.origin == name]
    found = in_full or [each for each in every if each.name == name]
    playbooks = [each for each in found if isinstance(each.rule, Playbook)]
    return [each for each in found if each not in playbooks[1:]]


def meant(program: Program, name: str) -> tuple[str, ...]:
    """What was probably meant by a name that nothing has: rules that act on an alert of that name, or names alike."""
    every = list(_every(program))
    on_alert = [each.name for each in every if isinstance(each.rule, HealRule) and each.rule.alert == name]
    return tuple(on_alert[:MOST]) or alike(name, (each.name for each in every))


def target_of(state: State, text: str) -> str | None:
    """The target that the text names, in full or without its kind: `shop` is `workload:shop`, `shop/0` a replica."""
    if text in state.targets:
        return text
    found = [target for target in state.targets if target.partition(":")[2] == text]
    found.sort(key=lambda target: not target.startswith("workload:"))
    return found[0] if found else None


def meant_target(state: State, text: str) -> tuple[str, ...]:
    """Targets whose names are alike."""
    return alike(text, state.targets)


def alike(name: str, among: Iterable[str]) -> tuple[str, ...]:
    """The closest names."""
    return tuple(get_close_matches(name, list(dict.fromkeys(among)), MOST, _CLOSE))


def related(state: State, one: str, other: str) -> bool:
    """Whether two targets are the same, or one is a part of the other: a replica and its workload."""
    if one == other:
        return True
    if one.partition(":")[0] == other.partition(":")[0]:
        return False
    pairs = ((mine.target, its.target) for mine in state.targets.get(one, ()) for its in state.targets.get(other, ()))
    return any(mine.lock == its.lock or mine.owner == its.id or its.owner == mine.id for mine, its in pairs)


def _every(program: Program) -> Iterable[Acting]:
    for heal in program.ladders:
        yield Acting(f"{heal.group}/{heal.name}", heal.name, heal)
    for scale in program.scales:
        yield Acting(scale.origin, scale.name, scale)
    for playbook in sorted(program.playbooks, key=lambda each: -each.version):  # the newest first
        yield Acting(titled(playbook), playbook.name, playbook)
