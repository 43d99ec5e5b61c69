"""The text of a condition (`selection and not 1 of filter_*`), through pySigma's grammar, to a condition."""

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

from sigma import conditions
from sigma.exceptions import SigmaError
from sigma.rule.detection import EmptySigmaDetections, SigmaDetections

from engine.sigma.documents import Refused
from engine.sigma.logic import all_of, any_of, none_of
from engine.sigma.model import Node

_STEPS = {"(": 1, ")": -1}

Leaf = Callable[[str, bool], Node | None]
"""What a name in a condition stands for, given whether it lies below an even number of `not`. None: nothing is left of
it, as a pipeline dropped it.
"""
MOST_CHARACTERS = 20_000
MOST_NESTED = 50
"""Parentheses within each other. Nobody writes more, and whoever walks the condition later does it by recursion."""


def condition_of(text: Any, leaf: Leaf, names: SigmaDetections | None = None) -> Node | None:
    """`names` are those that `1 of them` and patterns choose from; without, there are none such. Raises Refused."""
    if not isinstance(text, str):
        raise Refused(f"expected a condition such as: selection and not filter, got {text!r}")
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"longer than {MOST_CHARACTERS} characters")
    if max(accumulate(_STEPS.get(character, 0) for character in text), default=0) > MOST_NESTED:
        raise Refused(f"nested more than {MOST_NESTED} deep")
    try:
        parsed = conditions.SigmaCondition(text, names or EmptySigmaDetections()).parse(postprocess=False)
        return _Converter(leaf, names).node(parsed, True)
    except SigmaError as error:
        raise Refused(f"{text!r} is not a condition: {error}") from error
    except RecursionError:  # as many `not` do it too
        raise Refused(f"nested more than {MOST_NESTED} deep") from None


class _Converter:
    def __init__(self, leaf: Leaf, names: SigmaDetections | None) -> None:
        self._leaf = leaf
        self._names = names

    def node(self, item: Any, positive: bool) -> Node | None:
        match item:
            case conditions.ConditionIdentifier():
                return self._leaf(item.identifier, positive)
            case conditions.ConditionSelector():
                return self._selected(item, positive)
            case conditions.ConditionNOT():
                inner = self.node(item.args[0], not positive)
                return None if inner is None else none_of(inner)
        parts = [part for arg in item.args if (part := self.node(arg, positive)) is not None]
        linked = all_of if isinstance(item, conditions.ConditionAND) else any_of
        return linked(parts) if parts else None

    def _selected(self, item: conditions.ConditionSelector, positive: bool) -> Node | None:
        if self._names is None:
            raise Refused(f"expected names of rules, got {item.args[0]} of {item.pattern}")
        chosen = [each.identifier for each in item.resolve_referenced_detections(self._names)]
        if not chosen:
            raise Refused(f"no selection is named like {item.pattern!r}")
        linked = all_of if item.cond_class is conditions.ConditionAND else any_of
        parts = [part for name in chosen if (part := self._leaf(name, positive)) is not None]
        return linked(parts) if parts else None


def unknown(name: str, known: Mapping[str, Any]) -> Refused:
    return Refused(f"there is no {name!r}; there are {', '.join(sorted(known)) or 'none'}")
