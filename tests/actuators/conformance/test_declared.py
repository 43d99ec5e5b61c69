"""Nothing that is installed is left out of the suite, and what a verb declares is what its page says."""

from collections.abc import Iterator

import pytest

from engine.cli.reference import documents
from engine.runtime.registry import actuators
from schemas.plugins import ActuatorSpec, VerbSpec
from tests.actuators.conformance.harnesses import HARNESSES, spec_of


def declared() -> Iterator[tuple[ActuatorSpec, VerbSpec]]:
    for name in HARNESSES:
        yield from ((spec_of(name), verb) for verb in spec_of(name).verbs)


every_verb = pytest.mark.parametrize(
    ("spec", "verb"), [pytest.param(spec, verb, id=f"{spec.name}: {verb.name}") for spec, verb in declared()]
)


def test_every_installed_actuator_is_in_the_suite() -> None:
    """By its entry point, and as the very declaration that this leads to."""
    assert dict(actuators()) == {name: spec_of(name) for name in HARNESSES}


def test_a_step_can_tell_which_actuator_it_means() -> None:
    """Where several offer verbs of one name, no two of them name a target by the same arguments."""
    ways = [(verb.name, parts) for _, verb in declared() for parts in verb.targets.values()]
    between = [(spec.name, verb.name, parts) for spec, verb in declared() for parts in verb.targets.values()]
    assert len(set(ways)) == len(set(between))


@every_verb
def test_every_verb_has_a_case(spec: ActuatorSpec, verb: VerbSpec) -> None:
    """On each kind of target; one that undoes is shown to."""
    cases = [case for case in HARNESSES[spec.name].cases.values() if case.verb == verb.name]
    kinds = {case.target.partition(":")[0] for case in cases}
    if verb.changes_target:
        assert kinds == set(verb.targets)
    assert kinds
    assert kinds <= set(verb.targets)
    assert any(case.undone for case in cases) == bool(verb.undo)
    assert verb.undo in {"", *(each.name for each in spec.verbs)}
    if not all(case.marked for case in cases):
        assert verb.unmarked


@every_verb
def test_a_verb_declares_what_it_must_be_permitted(spec: ActuatorSpec, verb: VerbSpec) -> None:
    """So that whoever sets up the service can give it that and no more."""
    assert verb.permissions
    assert all(verb.permissions)


@every_verb
def test_a_verb_is_on_the_reference_page_with_all_that_it_declares(spec: ActuatorSpec, verb: VerbSpec) -> None:
    """Its targets, arguments, conditions, permissions, and where it keeps no mark."""
    page = documents()["actuators.md"].partition(f"\n## {spec.name}\n")[2].partition("\n## ")[0]
    section = page.partition(f"\n### {verb.name}\n")[2].partition("\n### ")[0]
    named = (*verb.targets, *verb.arguments(), *verb.condition, *verb.absolute.values(), verb.undo)
    assert [name for name in named if name and f"`{name}`" not in section] == []
    assert [text for text in (verb.summary, verb.unmarked, *verb.permissions) if text not in section] == []
