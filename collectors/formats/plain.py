"""Lines of which nothing is known, and generic JSON."""

from pydantic import Field

from collectors.formats.mapping import Mapping, fixed_source, mapped
from collectors.formats.model import LINE, Format, LogSource, Parsed, Parser
from collectors.formats.objects import object_of
from collectors.formats.settings import NoSettings, WithTimezone
from collectors.formats.times import zone_of

_NONE = LogSource()


class JsonSettings(WithTimezone, Mapping):
    timezone: str | None = Field(default="UTC")
    """The zone of times that do not say theirs."""


def _plain(text: str, _: int) -> list[Parsed]:
    data = object_of(text)
    return [Parsed({"message": text} if data is None else data, LINE, _NONE)]


def _json(settings: JsonSettings) -> Parser:
    zone = zone_of(settings.timezone)

    def parse(text: str, _: int) -> list[Parsed]:
        data = object_of(text)
        return [] if data is None else [mapped(data, settings, zone)]

    return Parser(parse, fixed_source(settings))


PLAIN = Format(
    name="plain",
    summary="Any lines: each is a `message`, and one that is a JSON object gives its fields.",
    example="disk 3 is slow",
    settings=NoSettings,
    build=lambda _: Parser(_plain, _NONE),
)

JSON = Format(
    name="json",
    summary="A JSON object to a line, with a mapping of its fields.",
    example='{"ts": 1709533501.12, "msg": "paid", "app": "cart", "client": "192.0.2.7"}',
    settings=JsonSettings,
    build=_json,
)
