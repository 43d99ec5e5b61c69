"""The shape of a `detection:`: what is a mapping, what a list, what a value. Checked before pySigma reads it."""

from typing import Any

from sigma.modifiers import modifier_mapping

from engine.sigma.documents import FieldPath, Refused

MOST_NESTED = 20
_EXACT = 2**53
_VALUE = ((str, int, float, bool, type(None)), "a text, a number, true, false or null")
_EXPRESSION = ((str,), "a regular expression, as text")


def check_detection(detection: Any) -> None:
    """Raises Refused for the first thing that is not where it can be."""
    if not isinstance(detection, dict):
        raise Refused("expected selections by name, and a condition", ())
    if "condition" not in detection:
        raise Refused("expected a condition", ())
    named = {name: definition for name, definition in detection.items() if name != "condition"}
    if not named:
        raise Refused("expected selections by name beside the condition", ())
    for name, definition in named.items():
        if not isinstance(name, str):
            raise Refused(f"expected the name of a selection, got {name!r}", ())
        _check(definition, (name,))


def _check(definition: Any, path: FieldPath) -> None:
    if len(path) > MOST_NESTED:
        raise Refused("nested too deeply", path)
    if isinstance(definition, dict):
        _check_fields(definition, path)
    elif isinstance(definition, list):
        if not definition:
            raise Refused("expected values or mappings, got an empty list", path)
        for position, each in enumerate(definition):
            _check(each, (*path, position))
    elif not isinstance(definition, _VALUE[0]):
        raise Refused(f"expected {_VALUE[1]}, got {definition!r}", path)
    else:
        _check_number(definition, path)


def _check_fields(definition: dict[Any, Any], path: FieldPath) -> None:
    if not definition:
        raise Refused("expected fields and their values, got an empty mapping", path)
    for field, value in definition.items():
        if not isinstance(field, str):
            raise Refused(f"expected the name of a field, got {field!r}", path)
        modifiers = field.split("|")[1:]
        for modifier in modifiers:
            if modifier not in modifier_mapping:
                known = ", ".join(modifier_mapping)
                raise Refused(f"there is no modifier {modifier!r}; there are {known}", (*path, field))
        types, wanted = _EXPRESSION if "re" in modifiers else _VALUE
        for position, each in enumerate(value if isinstance(value, list) else [value]):
            below = (*path, field, position) if isinstance(value, list) else (*path, field)
            if not isinstance(each, types):
                raise Refused(f"expected {wanted}", below)
            _check_number(each, below)


def _check_number(value: Any, path: FieldPath) -> None:
    """Beyond this pySigma takes an integer for the nearest float."""
    if isinstance(value, int) and abs(value) > _EXACT:
        raise Refused(f"{value} is beyond 2^53 and would not be exact; write it as text, in quotes", path)
