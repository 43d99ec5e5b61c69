"""Pydantic's errors in the words of this project: what was expected, what was found, and what was probably meant."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from schemas.wording import shown

PLANNED = {
    "incident": "rule kind `incident` is not supported yet",
}
"""Fields of the design that later versions bring."""

_EXPECTED = {
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
    "literal_error": "{expected}",
    "string_too_short": "a name",
}


def problem(error: ErrorDetails, model: type[BaseModel]) -> tuple[str, bool]:
    """What to say about an error of `model`, and whether it is about the name of the field rather than its value."""
    kind, context, path = error["type"], error.get("ctx", {}), error["loc"]
    about_key = path[-1:] == ("[key]",)
    if kind == "missing":
        return "is required", False
    if kind == "extra_forbidden":
        return _unknown_field(str(path[-1]), _around(path, model)), True
    if kind == "value_error":
        return str(context["error"]), about_key
    if kind == "too_short":
        return "expected at least one item", False
    if kind == "string_type" and isinstance(error["input"], dict) and (meant := _misspelt(path[:-1], model)):
        return f'unknown field, did you mean "{meant}" for "{path[-2]}"?', False
    if kind == "dict_type" and (meant := _misspelt(path, model)):
        return f'unknown field, did you mean "{meant}"?', True
    if kind in _EXPECTED:
        expected = _EXPECTED[kind].format(**context).replace("'", "")
        return f"expected {expected}, got {shown(error['input'])}", about_key
    return error["msg"], False


def _around(path: tuple[int | str, ...], model: type[BaseModel]) -> type[BaseModel]:
    """The model whose field ends the path."""
    for part in path[:-1]:
        fields = {field.alias or attribute: field.annotation for attribute, field in model.model_fields.items()}
        model = next(_models(fields.get(str(part))), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field is made of, such as that of the items of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _unknown_field(name: str, model: type[BaseModel]) -> str:
    if name in PLANNED:
        return PLANNED[name]
    return "unknown field, " + suggestion(name, _fields(model))


def _misspelt(path: tuple[int | str, ...], model: type[BaseModel]) -> str | None:
    """The field that was meant where it looks like one of those that anybody may add, such as the verb of a step."""
    name, fields = str(path[-1]), _fields(_around(path, model))
    return None if name in fields else next(iter(get_close_matches(name[:100], fields, n=1, cutoff=0.75)), None)


def _fields(model: type[BaseModel]) -> list[str]:
    return [field.alias or attribute for attribute, field in model.model_fields.items()]


def suggestion(name: str, known: Iterable[str], also: Iterable[str] = ()) -> str:
    """`did you mean "x"?`, or where nothing is close, all the `known` there are."""
    names = sorted(known)
    if close := closest(name, [*names, *also]):
        return f'did you mean "{close}"?'
    return f"expected one of {', '.join(names)}" if names else "there are none"


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    return next(iter(get_close_matches(name[:100], list(known), n=1, cutoff=0.6)), None)


def field_path(path: Iterable[Any]) -> str:
    """`steps[0].verify.within` of a path of names and positions."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if re.fullmatch(r"[\w-]+", part) else shown(part))
    return text
