"""Go's Sprintf. A mistake does not fail but stands in the result, as Go has it: `%!d(string=x)`, `%!s(MISSING)`.

What one value looks like by one verb is in `verbs`.
"""

import re
from collections.abc import Sequence

from engine.template.errors import TemplateError
from engine.template.gofmt import sprint
from engine.template.values import Value, type_name
from engine.template.verbs import Spec, formatted

_VERB = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width_at>\[[^\]]*\])?(?P<width>\*|\d+)?"
    r"(?P<dot>\.(?P<precision_at>\[[^\]]*\])?(?P<precision>\*|\d+)?)?(?P<at>\[[^\]]*\])?(?P<verb>.)?",
    re.DOTALL,
)
_MOST_DIGITS = 1000
"""Of width and precision, so that no template can ask for a gigabyte of blanks."""


def sprintf(form: str, values: Sequence[Value]) -> str:
    """`form` with each of its verbs replaced by a value."""
    arguments = _Arguments(values)
    printed = _VERB.sub(lambda found: _replaced(found, arguments), form)
    if extra := arguments.extra():
        printed += "%!(EXTRA " + ", ".join(map(_with_type, extra)) + ")"
    return printed


def _with_type(value: Value) -> str:
    return "<nil>" if value is None else f"{type_name(value)}={sprint([value])}"


class _Arguments:
    """The values in their order, or as `%[2]d` asks for them."""

    def __init__(self, values: Sequence[Value]) -> None:
        self._values = values
        self._next = 0
        self._reordered = False
        self.bad_index = False

    def go_to(self, written: str | None) -> None:
        if written is None:
            return
        number = written[1:-1]
        self._reordered = True
        self.bad_index = not (number.isdecimal() and 1 <= int(number) <= len(self._values))
        if not self.bad_index:
            self._next = int(number) - 1

    def take(self) -> Sequence[Value]:
        """The next value, or nothing where there is none."""
        taken = self._values[self._next : self._next + 1]
        self._next += 1
        return taken

    def extra(self) -> Sequence[Value]:
        return () if self._reordered else self._values[self._next :]


def _replaced(found: re.Match[str], arguments: _Arguments) -> str:
    verb = found["verb"]
    arguments.bad_index = False
    arguments.go_to(found["width_at"])
    width = _number(found["width"], arguments)
    arguments.go_to(found["precision_at"])
    precision = _number(found["precision"], arguments) if found["dot"] else None
    arguments.go_to(found["at"])
    if verb is None:
        return "%!(NOVERB)"
    if verb == "%":
        return "%"
    if arguments.bad_index:
        return f"%!{verb}(BADINDEX)"
    taken = arguments.take()
    if not taken:
        return f"%!{verb}(MISSING)"
    return formatted(
        taken[0], Spec(verb, found["flags"], width or 0, 0 if found["dot"] and not precision else precision)
    )


def _number(written: str | None, arguments: _Arguments) -> int | None:
    if written == "*":
        taken = arguments.take()
        number = taken[0] if taken and isinstance(taken[0], int) else 0
    elif written:
        number = int(written)
    else:
        return None
    if abs(number) > _MOST_DIGITS:
        raise TemplateError(f"printf: expected at most {_MOST_DIGITS} digits, got {number}")
    return number
