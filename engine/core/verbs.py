"""The verbs as the core knows them: what the actuators offer, and which of them a step means."""

from collections.abc import Iterable, Mapping

import msgspec

from schemas.inventory import Disruption


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """What the core must know of a verb to resolve it into an absolute, conditional command (see `VerbSpec`)."""

    name: str
    actuator: str
    targets: dict[str, tuple[str, ...]]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    integers: tuple[str, ...] = ()
    condition: tuple[str, ...] = ()
    absolute: dict[str, str] = {}
    timeout_ms: int = 30_000
    changes_target: bool = True
    looks: bool = False
    lists: tuple[str, ...] = ()
    from_alert: tuple[str, ...] = ()
    by_default: dict[str, str] = {}
    undo: str = ""
    undo_args: dict[str, str] = {}
    disrupts: Disruption = "all"
    open: bool = False

    def completed(self, args: Mapping[str, str]) -> dict[str, str]:
        """The arguments of a step, with those by default where they name no target."""
        return dict(args) if self.names_target(args) else {**self.by_default, **args}

    def names_target(self, args: Mapping[str, str]) -> bool:
        """Whether the arguments name a target of one of its kinds in full."""
        return any(args.keys() >= set(names) for names in self.targets.values())

    @property
    def arguments(self) -> frozenset[str]:
        """Every argument that it knows."""
        named = {name for names in self.targets.values() for name in names}
        return frozenset(named.union(self.required, self.optional, self.integers, self.absolute))


Verbs = Mapping[str, tuple[Verb, ...]]
"""What the actuators offer, by name. Several may offer verbs of one name: arguments tell which of them is meant."""


def verbs_by_name(offered: Iterable[Verb]) -> dict[str, tuple[Verb, ...]]:
    """Verbs by name, those of one name in their order."""
    verbs: dict[str, tuple[Verb, ...]] = {}
    for verb in offered:
        verbs[verb.name] = (*verbs.get(verb.name, ()), verb)
    return verbs


def chosen(verbs: Verbs, name: str, args: Mapping[str, str], actuator: str = "") -> Verb | None:
    """The verb that a step means: of the actuator that it names, or of that whose targets its arguments name."""
    offered = verbs.get(name, ())
    if actuator:
        offered = tuple(verb for verb in offered if verb.actuator == actuator)
    if len(offered) < 2:
        return offered[0] if offered else None
    return max(offered, key=lambda verb: (verb.names_target(verb.completed(args)), len(args.keys() & verb.arguments)))
