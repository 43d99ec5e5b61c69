"""The rules to start from do what their own tests tell, on both clocks."""

from pathlib import Path

import pytest

from engine.rulefile import load, read
from engine.ruletest import find, run
from engine.runtime.registry import actuators, verbs

EXAMPLES = [Path(__file__).parents[2] / "deploy" / "example" / name for name in ("scaling", "kubernetes")]
KNOWN = verbs(actuators())


def test_the_examples_load_together() -> None:
    """Three that scale and three that heal, and none is in the way of another."""
    found = load(read(EXAMPLES), KNOWN)
    assert (len(found.scales), len(found.heals)) == (3, 3)


@pytest.mark.parametrize("on_arrival", [False, True])
@pytest.mark.parametrize("path", list(find(EXAMPLES)), ids=lambda path: path.name)
def test_each_example_passes_its_tests(path: Path, on_arrival: bool) -> None:
    """What the file says about the rule beside it holds."""
    verdict = run(path, KNOWN, on_arrival=on_arrival)
    assert verdict.problems == ()
    assert verdict.cases
