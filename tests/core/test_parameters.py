"""What a playbook may be run with: values against their declaration, all problems at once."""

import pytest

from engine.core.parameters import LONGEST, ParametersInvalid, bound, problem_of
from engine.core.program import Parameter


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (Parameter(name="p"), ["", "any thing", "{{ $labels.x }}"]),
        (Parameter(name="p", least=1, most=3), ["a", "abc"]),
        (Parameter(name="p", pattern="[a-z]+"), ["shop"]),
        (Parameter(name="p", choices=("dev", "prod")), ["dev"]),
        (Parameter(name="p", type="integer", least=-2, most=10), ["-2", "0", "+7", "10"]),
        (Parameter(name="p", type="number", least=0, most=1), ["0", ".5", "1.", "1e-3"]),
        (Parameter(name="p", type="boolean"), ["true", "false"]),
        (Parameter(name="p", type="duration", least=1, most=3600), ["1s", "1h", "1m30s"]),
    ],
)
def test_what_fits_has_no_problem(parameter: Parameter, values: list[str]) -> None:
    """Bounds are inclusive, of a text in characters and of a duration in seconds."""
    assert [value for value in values if problem_of(parameter, value)] == []


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        (Parameter(name="p", least=1), "", "expected 1 characters or more, got 0"),
        (Parameter(name="p"), "x" * (LONGEST + 1), f"expected at most {LONGEST} characters, got {LONGEST + 1}"),
        (Parameter(name="p", pattern="[a-z]+"), "shop; rm", 'expected text that fits [a-z]+, got "shop; rm"'),
        (Parameter(name="p", pattern="[a-z]+"), "shop\n", 'expected text that fits [a-z]+, got "shop\\n"'),
        (Parameter(name="p", choices=("dev", "prod")), "Dev", 'expected one of dev, prod, got "Dev"'),
        (Parameter(name="p", type="integer"), "1.0", 'expected a whole number, got "1.0"'),
        (Parameter(name="p", type="integer"), "٣", 'expected a whole number, got "٣"'),
        (Parameter(name="p", type="integer"), "9" * 19, f'expected a whole number, got "{"9" * 19}"'),
        (Parameter(name="p", type="integer", most=10), "11", "expected 10 or less, got 11"),
        (Parameter(name="p", type="number"), "nan", 'expected a number, got "nan"'),
        (Parameter(name="p", type="number"), "1e999", 'expected a number below 1e308, got "1e999"'),
        (Parameter(name="p", type="boolean"), "yes", 'expected true or false, got "yes"'),
        (Parameter(name="p", type="duration"), "soon", 'expected a duration such as 5m, got "soon"'),
        (Parameter(name="p", type="duration", most=60), "2m", "expected 60 seconds or less, got 120"),
    ],
)
def test_what_does_not_fit_is_told_with_what_was_expected(parameter: Parameter, value: str, said: str) -> None:
    """In one line."""
    assert problem_of(parameter, value) == said


def test_values_are_bound_by_name_in_the_order_of_their_declaration() -> None:
    """With the defaults of those that are not given."""
    parameters = Parameter(name="b"), Parameter(name="a", default="x")
    assert list(bound(parameters, {"b": "1"}).items()) == [("b", "1"), ("a", "x")]


def test_every_problem_is_told_at_once() -> None:
    """What there is not, what is missing, and what does not fit."""
    parameters = Parameter(name="a"), Parameter(name="n", type="integer")
    with pytest.raises(ParametersInvalid) as invalid:
        bound(parameters, {"n": "many", "c": "1"})
    assert invalid.value.problems == (
        "c: there is no such parameter, expected a, n",
        "a: is required",
        'n: expected a whole number, got "many"',
    )
