"""What a command may say to a program or an endpoint that the configuration declares: named, typed, matched in full.

A value comes from a rule's template, and so may come from a log line that anybody wrote. What is not declared is
refused, and what is accepted is no option of a program, no other line of anything and no path outside of its roots.
"""

import os
import string
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from schemas.plugins import EffectFailed, PluginConfig
from schemas.regexp import compile_regexp
from schemas.wording import shown

_LONGEST = 4_096
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that end a text or a line, have no encoding, or make people see another text."""
_IGNORABLE = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
)
"""What else is shown as nothing: Unicode's `Default_Ignorable_Code_Point`, and Braille without a dot."""


def _pattern(text: str) -> str:
    compile_regexp(text)
    return text


def _root(path: Path) -> Path:
    if not path.is_absolute() or ".." in path.parts:
        raise ValueError(f"expected an absolute path, got {str(path)!r}")
    return path


class _Parameter(PluginConfig):
    default: str | None = None
    """Of one that a command may leave out."""
    leading_dash: bool = False

    def accept(self, value: str) -> str | int:
        """The value as it is passed on. Raises `ValueError`."""
        if not self.leading_dash and value.startswith("-"):
            raise ValueError(f"expected no value that begins with -, got {shown(value)}")
        if value == "--":
            raise ValueError("expected a value, got --")
        return value


class TextParameter(_Parameter):
    """A text that the RE2 `pattern` matches in full."""

    type: Literal["text"]
    pattern: Annotated[str, AfterValidator(_pattern)]
    max_length: int = Field(default=256, ge=1, le=_LONGEST)

    def accept(self, value: str) -> str:
        if len(value) > self.max_length:
            raise ValueError(f"expected at most {self.max_length} characters, got {len(value)}")
        if not compile_regexp(self.pattern).accepts(value):
            raise ValueError(f"expected {self.pattern}, got {shown(value)}")
        return str(super().accept(value))


class ChoiceParameter(_Parameter):
    """One of these `values`."""

    type: Literal["choice"]
    values: list[str] = Field(min_length=1)

    def accept(self, value: str) -> str:
        if value not in self.values:
            raise ValueError(f"expected one of {', '.join(self.values)}, got {shown(value)}")
        return str(super().accept(value))


class IntegerParameter(_Parameter):
    """A whole number from `min` to `max`."""

    type: Literal["integer"]
    min: int
    max: int

    def accept(self, value: str) -> int:
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20) or not self.min <= int(value) <= self.max:
            raise ValueError(f"expected a whole number from {self.min} to {self.max}, got {shown(value)}")
        super().accept(value)
        return int(value)


class PathParameter(_Parameter):
    """An absolute path below one of the `roots`, where links lead too. It is passed on resolved."""

    type: Literal["path"]
    roots: list[Annotated[Path, AfterValidator(_root)]] = Field(min_length=1)

    def accept(self, value: str) -> str:
        parts = value.split("/")
        if parts[0] or {"", ".", ".."} & set(parts[1:]) or len(value) > _LONGEST:
            raise ValueError(f"expected an absolute path without . and .., got {shown(value)}")
        # The root itself is not below it: what is meant to clear a folder is not meant to remove it.
        resolved = Path(os.path.realpath(value))
        if not any(Path(os.path.realpath(root)) in resolved.parents for root in self.roots):
            raise ValueError(f"expected a path below {', '.join(map(str, self.roots))}, got {shown(value)}")
        _visible(str(resolved))
        return str(resolved)


Parameter = Annotated[TextParameter | ChoiceParameter | IntegerParameter | PathParameter, Field(discriminator="type")]
Parameters = Mapping[str, _Parameter]
_RESERVED = ("command", "command_id", "endpoint", "revert_after", "run", "scope")
"""Arguments of the verbs themselves, and what templates know beside parameters."""


def _name(name: str) -> str:
    if name in _RESERVED:
        raise ValueError(f"expected a name that is none of {', '.join(_RESERVED)}")
    return name


ParameterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64), AfterValidator(_name)]


class Declared(PluginConfig):
    """Something with parameters. What has their names in braces is a template."""

    parameters: dict[ParameterName, Parameter] = Field(default={})

    @model_validator(mode="after")
    def _defaults_are_accepted(self) -> "Declared":
        for name, parameter in self.parameters.items():
            if parameter.default is not None:
                try:
                    parameter.accept(parameter.default)
                except ValueError as error:
                    raise ValueError(f"parameters.{name}.default: {error}") from error
        return self

    def accept(self, args: Mapping[str, Any], but: frozenset[str]) -> dict[str, str | int]:
        """The arguments, all of them checked; `but` are those that name the target. Raises `EffectFailed`."""
        given = {name: value for name, value in args.items() if name not in but}
        wrong = [f"{name}: there is no such parameter" for name in given if name not in self.parameters]
        values: dict[str, str | int] = {}
        for name, parameter in self.parameters.items():
            try:
                values[name] = parameter.accept(_text(given.get(name, parameter.default)))
            except ValueError as error:
                wrong.append(f"{name}: {error}")
        if wrong:
            raise EffectFailed("; ".join(wrong))
        return values


def _text(value: Any) -> str:
    if value is None:
        raise ValueError("expected a value, got none")
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"expected a text or a whole number, got {shown(value)}")
    return _visible(str(value))


def _visible(text: str) -> str:
    """Whatever a pattern says: what is shown to whoever approves it is what is passed on."""
    if not (text.isascii() and text.isprintable()) and any(map(_is_unseen, text)):
        raise ValueError(f"expected visible characters on one line, got {shown(ascii(text))}")
    return text


def _is_unseen(character: str) -> bool:
    code = ord(character)
    return unicodedata.category(character) in _UNSEEN or any(first <= code <= last for first, last in _IGNORABLE)


class Template:
    """A text with the names of parameters in braces; `{{` is a brace."""

    def __init__(self, text: str) -> None:
        """Raises `ValueError` for one that is malformed."""
        self.text = text
        self.parts: list[tuple[str, str | None]] = []
        for literal, name, format_, conversion in string.Formatter().parse(text):
            if format_ or conversion or (name is not None and not name.isidentifier()):
                raise ValueError(f"expected the name of a parameter in braces, got {text!r}")
            self.parts.append((literal, name))

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.parts if name is not None)

    def fill(self, values: Mapping[str, str | int]) -> str:
        return "".join(literal + ("" if name is None else str(values[name])) for literal, name in self.parts)
