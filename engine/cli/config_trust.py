"""`[actuator.trust.NAME]`: one key of an engine whose commands an actuator carries out, and which of them."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from schemas.signing import parse_public


def _is_public(text: str) -> str:
    parse_public(text)
    return text


BARE = re.compile("[A-Za-z0-9_-]+")
Globs = Annotated[list[str], Field(min_length=1)]


class TrustSection(BaseModel):
    """`key` is the public half. `verbs`, `targets` and `scopes` are globs, of which one must fit. A command must have
    been stored from `not_before` on and before `not_after`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, AfterValidator(_is_public)]
    verbs: Globs = ["*"]
    targets: Globs = ["*"]
    scopes: Globs = ["*"]
    not_before: AwareDatetime | None = None
    not_after: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_ever_valid(self) -> "TrustSection":
        if self.not_before and self.not_after and self.not_before >= self.not_after:
            raise ValueError("not_after: expected a time after not_before")
        return self

    @property
    def public(self) -> bytes:
        return parse_public(self.key)


def each_once(sections: dict[str, TrustSection]) -> dict[str, TrustSection]:
    """Raises `ValueError` where two have one key: what it may do must stand in one place."""
    names: dict[bytes, str] = {}
    for name, section in sections.items():
        if section.public in names:
            raise ValueError(f"{names[section.public]} and {name} have the same key")
        names[section.public] = name
    return sections


def toml_table(name: str, section: TrustSection, above: str = "") -> str:
    """The table of a TOML file that says this, below the tables `above`."""
    lines = [f"[{above}{name if BARE.fullmatch(name) else _quoted(name)}]", f'key = "{section.key}"']
    given: dict[str, Any] = section.model_dump(exclude_defaults=True, exclude={"key"})
    for setting, value in given.items():
        lines.append(f"{setting} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "[" + ", ".join(_quoted(each) for each in value) + "]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
