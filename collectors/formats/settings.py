"""What a format may be told in the configuration."""

from pydantic import field_validator

from collectors.formats.times import zone_of
from schemas.plugins import PluginConfig


class NoSettings(PluginConfig):
    """Of a format that says everything itself."""


class WithTimezone(PluginConfig):
    timezone: str | None = None
    """Such as `Europe/Berlin`: the zone of times that do not say theirs; the machine's own by default."""

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        zone_of(name)
        return name
