"""The shape of a `detection:`: what is a mapping, what a list, what a value. Checked before pySigma reads it."""

from typing import Any

from sigma.modifiers import modifier_mapping

from engine.sigma.documents import FieldPath, Refused

MOST_NESTED = 20
_SCALARS = (str, int, float, bool, type(None))


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
    elif not isinstance(definition, _SCALARS):
        raise Refused(f"expected a text, a number, true, false or null, got {definition!r}", path)


def _check_fields(definition: dict[Any, Any], path: FieldPath) -> None:
    if not definition:
        raise Refused("expected fields and their values, got an empty mapping", path)
    for field, value in definition.items():
        if not isinstance(field, str):
            raise Refused(f"expected the name of a field, got {field!r}", path)
        for modifier in field.split("|")[1:]:
            if modifier not in modifier_mapping:
                raise Refused(
                    f"there is no modifier {modifier!r}; there are {', '.join(modifier_mapping)}", (*path, field)
                )
        wanted: tuple[type, ...] = (str,) if "re" in field.split("|")[1:] else _SCALARS
        for position, each in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(each, wanted):
                below = (position,) if isinstance(value, list) else ()
                what = (
                    "a text, a number, true, false or null" if wanted is _SCALARS else "a regular expression, as text"
                )
                raise Refused(f"expected {what}", (*path, field, *below))
