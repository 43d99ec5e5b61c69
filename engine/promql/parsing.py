"""From text to the parser's tree, and what can be told from the tree alone.

The parser knows the language of Prometheus 2.45 and most of what came later; what it does not know is named here.
"""

import re
from collections.abc import Iterator
from itertools import islice

import promql_parser as ast

from engine.promql.errors import PromqlError

_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`([^`]*)`|#[^\n]*', re.DOTALL)
_LONE_BYTE = re.compile(r"(?<!\\)(?:\\\\)*(\\x[89a-fA-F][0-9a-fA-F]|\\[23][0-7][0-7])")

# The parser and the evaluation recurse; an expression that would exhaust their stacks is refused instead.
_NESTING = re.compile(r"[-(+*/%^<>=!]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_MOST_NESTING = 2000

_UNKNOWN_TO_THE_PARSER = (
    (re.compile(r"[\])\w]\s+anchored\b"), "the modifier 'anchored' (experimental in Prometheus) is not supported"),
    (re.compile(r"[\])\w]\s+smoothed\b"), "the modifier 'smoothed' (experimental in Prometheus) is not supported"),
    (re.compile(r"<\s*/|>\s*/"), "the operators '</' and '>/' (for native histograms) are not supported"),
    (
        re.compile(r"\[[^\]]*[-+*/%^(]|\boffset\s+[-+]?\s*(\(|step|range|min_of|max_of)", re.IGNORECASE),
        "duration expressions (experimental in Prometheus) are not supported",
    ),
    (re.compile(r"\binfo\s*\("), "function 'info' (experimental in Prometheus) is not supported"),
)
"""What the parser takes for a syntax error, though Prometheus can be made to accept it."""


def parse(text: str) -> ast.Expr:
    """The parser's tree. Raises `PromqlError` with the parser's message, or naming what the parser does not know."""
    bare = _STRING_OR_COMMENT.sub('""', text)
    if nests_more_than(_MOST_NESTING, bare):
        raise PromqlError(f"more than {_MOST_NESTING} operators and parentheses")
    if re.search(r"@\s*-", bare):  # the parser would panic when asked for it
        raise PromqlError('the modifier "@" with a time before 1970 is not supported')
    try:
        return ast.parse(_STRING_OR_COMMENT.sub(_quoted, text))
    except ValueError as error:
        raise PromqlError(_unknown(bare) or f"parse error: {error}") from error


def nests_more_than(most: int, text: str) -> bool:
    """Whether there are so many operators and parentheses, each of which may stand within the one before."""
    return sum(1 for _ in islice(_NESTING.finditer(text), most + 1)) > most


def strings(text: str) -> Iterator[str]:
    """The strings in it, with their quotes."""
    return (token[0] for token in _STRING_OR_COMMENT.finditer(text) if not token[0].startswith("#"))


def _quoted(token: re.Match[str]) -> str:
    """A raw string as a quoted one: the parser wrongly looks for escapes in raw ones."""
    if token[1] is None:
        if not token[0].startswith("#") and (byte := _LONE_BYTE.search(token[0])):
            raise PromqlError(f"{byte[1]} in {token[0]}: expected UTF-8")
        return token[0]
    escaped = token[1].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _unknown(bare: str) -> str | None:
    return next((complaint for pattern, complaint in _UNKNOWN_TO_THE_PARSER if pattern.search(bare)), None)


def unwrapped(expr: ast.Expr) -> ast.Expr:
    while isinstance(expr, ast.ParenExpr):
        expr = expr.expr
    return expr


def is_scalar(expr: ast.Expr) -> bool:
    match unwrapped(expr):
        case ast.NumberLiteral():
            return True
        case ast.UnaryExpr(expr=inner):
            return is_scalar(inner)
        case ast.BinaryExpr(lhs=left, rhs=right):
            return is_scalar(left) and is_scalar(right)
        case ast.Call(func=function):
            return bool(function.return_type == ast.ValueType.Scalar)
    return False


def text_of(expr: ast.Expr) -> str:
    """The value of an argument that the parser has found to be a string."""
    expr = unwrapped(expr)
    assert isinstance(expr, ast.StringLiteral)
    return expr.val
