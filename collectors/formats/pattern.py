"""Lines described by patterns from the configuration, the first that matches counting."""

from typing import Any, Self

from pydantic import Field, model_validator

from collectors.formats.grok import compiled
from collectors.formats.mapping import Mapping, fixed_source, mapped
from collectors.formats.model import Format, Parsed, Parser
from collectors.formats.settings import WithTimezone
from collectors.formats.times import from_any, yearless, zone_of


class PatternSettings(WithTimezone, Mapping):
    patterns: list[str] = Field(min_length=1)
    """Each describes a whole line: an expression in RE2's syntax with places such as `%{IP:source.ip}`."""
    type: str = Field(default="log.pattern", min_length=1)

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        for pattern in self.patterns:
            compiled(pattern)
        return self


def _build(settings: PatternSettings) -> Parser:
    matchers = [compiled(pattern) for pattern in settings.patterns]
    zone = zone_of(settings.timezone)
    when = yearless(zone)

    def time_of(value: Any, now_ms: int) -> str | None:
        return from_any(value, zone) or (when(value, now_ms) if isinstance(value, str) else None)

    def parse(text: str, now_ms: int) -> list[Parsed]:
        for match in matchers:
            if (fields := match(text)) is not None:
                time = time_of(fields.get(settings.time), now_ms) if settings.time else None
                return [mapped({"message": text} | fields, settings, zone)._replace(time=time)]
        return []

    return Parser(parse, fixed_source(settings))


FORMAT = Format(
    name="pattern",
    summary="Lines described by patterns, regular expressions with grok's names.",
    example="192.0.2.7 ann 12.5ms GET /cart",
    settings=PatternSettings,
    build=_build,
)
