"""A tree's values as YAML types them: what Sigma needs to know, for which `4625` is a number and `'4625'` is text."""

import re
from typing import Any

from engine.rulefile.yamltree import Mapping, Node, Scalar, Sequence

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_OTHER_BASE = re.compile(r"0[xo][0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def typed(node: Node) -> Any:
    """The tree as dicts, lists, text, numbers, truth values and None, by the core schema of YAML 1.2.

    Dates stay text, as do `yes` and `no`, which rules mean as the words that they are, and `00000429`, which with fewer
    zeros would not be the same.
    """
    match node:
        case Scalar():
            return scalar(node.value) if node.plain else node.value
        case Sequence():
            return [typed(item) for item in node.items]
        case Mapping():
            return {name: typed(value) for name, value in node.fields.items()}


def scalar(text: str | None) -> Any:
    """The value of one that is written without quotes."""
    if text is None:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OTHER_BASE.fullmatch(text):
        try:
            return int(text, 0)
        except ValueError:  # 0o9
            return text
    return float(text) if _FLOAT.fullmatch(text) else text
