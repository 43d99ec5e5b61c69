"""What one field has to do with another (`fieldref`), and what many values cost."""

from collections.abc import Callable
from time import process_time
from typing import Any, Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sigma.matcher import Matcher
from engine.sigma.model import Detection, LogSource, Node, SameAs
from tests.sigma import naive

How = Literal["equals", "startswith", "endswith", "contains"]
ANY = LogSource()
TEXTS = st.lists(st.text("abΣ\ud800", max_size=3), max_size=5)


@pytest.mark.parametrize("how", get_args(How))
@given(one=TEXTS, other=TEXTS, cased=st.booleans())
def test_some_text_of_the_one_relates_to_some_text_of_the_other(
    how: How, one: list[str], other: list[str], cased: bool
) -> None:
    """As if each were compared with each, empty ones and half surrogate pairs too."""
    node = SameAs("a", "b", how, cased)
    data = {"a": one, "b": other}
    assert bool(matched(node, data)) == naive.holds(node, data)


def matched(node: Node, data: dict[str, Any]) -> list[int]:
    return Matcher([Detection(logsource=ANY, condition=node)]).match(data, ANY)


def references(how: How) -> Callable[[int], float]:
    """How long it takes to say of so many texts in two fields that none relates to another."""

    def take(count: int) -> float:
        data = {"a": [f"x{number}z" for number in range(count)], "b": [f"y{number}q" for number in range(count)]}
        return timed(SameAs("a", "b", how), data)

    return take


def timed(node: Node, data: dict[str, Any]) -> float:
    began = process_time()
    assert matched(node, data) == []
    return process_time() - began


@pytest.mark.parametrize("take", [references(how) for how in get_args(How)], ids=get_args(How))
def test_many_values_cost_as_much_as_they_are_many(take: Callable[[int], float]) -> None:
    """Whoever writes an event may put any number of values into any field."""
    take(10)
    few = min(take(1_000) for _ in range(3))
    many = min(take(16_000) for _ in range(2))
    assert many < 100 * few
