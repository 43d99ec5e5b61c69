"""What tools ask of an expression's text: the matchers where it is a single selector, and its usual layout."""

import re

import promql_parser as ast

from engine.promql.errors import PromqlError
from engine.promql.parsing import nests_more_than, parse, strings
from engine.promql.selector import Matchers
from engine.promql.selectors import Selectors

_MUCH_TEXT = 2_000
_MUCH_NESTING = 150
_REPETITION = re.compile(r"[*+{]")
_REPEATED = re.compile(r"\)[*+{]")
_MANY = 3
_BREAKS = ((re.compile(r"\(\n\s*"), "("), (re.compile(r"\n\s*\)"), ")"), (re.compile(r"\n\s*"), " "))


def is_demanding(text: str) -> bool:
    """Whether the text is unlike what people write: the parser may need seconds for it, or a regular expression in it
    may need for ever, since a repetition is repeated or there are many.
    """
    if len(text) > _MUCH_TEXT or nests_more_than(_MUCH_NESTING, text):
        return True
    return any(_REPEATED.search(token) or len(_REPETITION.findall(token)) > _MANY for token in strings(text))


def metric_selector(text: str) -> Matchers:
    """The matchers of a selector without range, `offset` and `@`. Raises `PromqlError`."""
    tree = parse(text)
    if not isinstance(tree, ast.VectorSelector) or tree.offset is not None or tree.at is not None:
        raise PromqlError(f'parse error: expected a series selector such as up{{job="x"}}, got {text}')
    return Selectors({}).make(tree, None, 0).matchers


def formatted(text: str) -> str:
    """The expression laid out anew, long ones over several lines. Raises `PromqlError`."""
    return parse(text).prettify()


def on_one_line(text: str) -> str:
    """The expression as Prometheus writes it in a list of rules. Raises `PromqlError`."""
    laid_out = formatted(text)
    for found, instead in _BREAKS:
        laid_out = found.sub(instead, laid_out)
    return laid_out.strip()
