"""Plugins by entry point. The registry is an immutable mapping, made once and passed on."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import cast

from engine.core.verbs import Verb, verbs_by_name
from schemas.plugins import ActuatorSpec, CollectorSpec
from schemas.secrets import Resolver


def collectors(names: frozenset[str] | None = None) -> Mapping[str, CollectorSpec]:
    """The installed collectors, all or the named; only those are imported."""
    found = entry_points(group="reflexarc.collectors")
    loaded = {point.name: cast(CollectorSpec, point.load()) for point in found if names is None or point.name in names}
    return MappingProxyType(dict(sorted(loaded.items())))


def actuators() -> Mapping[str, ActuatorSpec]:
    """The installed actuators."""
    found = entry_points(group="reflexarc.actuators")
    return MappingProxyType({name: cast(ActuatorSpec, found[name].load()) for name in sorted(found.names)})


def resolvers() -> Mapping[str, Resolver]:
    """What resolves secrets that are neither in the environment nor in a file, by scheme."""
    found = entry_points(group="reflexarc.secrets")
    return MappingProxyType({name: cast(Resolver, found[name].load()) for name in sorted(found.names)})


def verbs(specs: Mapping[str, ActuatorSpec]) -> dict[str, tuple[Verb, ...]]:
    """What rules may command, by verb."""
    return verbs_by_name(
        Verb(
            name=verb.name,
            actuator=spec.name,
            targets=dict(verb.targets),
            required=verb.required,
            optional=verb.optional,
            integers=verb.integers,
            condition=verb.condition,
            absolute=dict(verb.absolute),
            timeout_ms=verb.timeout_ms,
            changes_target=verb.changes_target,
            looks=verb.looks,
            lists=verb.lists,
            from_alert=verb.from_alert,
            by_default=dict(verb.by_default),
            undo=verb.undo,
            undo_args=dict(verb.undo_args),
            open=verb.open,
            disrupts=verb.disrupts,
        )
        for spec in specs.values()
        for verb in spec.verbs
    )
