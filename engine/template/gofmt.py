"""How Go prints values (`%v`, Sprint). The verbs of `printf` are in `printf`.

Numbers follow Go where Python differs: the shortest form turns to an exponent at 1e+06, and infinity is `+Inf`.
"""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from engine.template.civil import civil
from engine.template.values import Data, Moment, Sample, Value


def text(value: Value) -> str:
    """A value as `{{ value }}` and `%v` print it."""
    match value:
        case None:
            return "<no value>"
        case bool():
            return "true" if value else "false"
        case float():
            return shortest(value)
        case Mapping():
            return "map[" + " ".join(f"{text(key)}:{text(value[key])}" for key in sorted(value)) + "]"
        case Moment():
            return civil(value.time_ms)
        case Sample():
            return "{" + f"{text(value.labels)} {text(value.value)}" + "}"
        case Data():
            return (
                "{"
                + f"{text(value.labels)} {text(value.external_labels)} {value.external_url} {text(value.value)}"
                + "}"
            )
        case str():
            return value
        case Sequence():
            return "[" + " ".join(text(item) for item in value) + "]"
    return str(value)


def shortest(value: float) -> str:
    """The fewest digits that read back the same: Go's `%v` of a float64."""
    if not math.isfinite(value):
        return special(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    if value == 0 or -4 <= power < 6:
        return f"{Decimal(repr(value)).normalize():f}"
    fraction = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if fraction else ''}{fraction}e{power:+03d}"


def significant(value: float, digits: int = 4) -> str:
    """`%.4g`: at most so many digits, as the humanize functions print."""
    return f"{value:.{digits}g}" if math.isfinite(value) else special(value)


def special(value: float) -> str:
    """A float that is not finite."""
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def sprint(values: Sequence[Value]) -> str:
    """Go's Sprint: a blank between two neighbours neither of which is text."""
    printed = ""
    for position, value in enumerate(values):
        if position and not isinstance(value, str) and not isinstance(values[position - 1], str):
            printed += " "
        printed += "<nil>" if value is None else text(value)
    return printed
