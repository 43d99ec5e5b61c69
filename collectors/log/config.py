"""What the log collector may be told: which files, and what format their lines have."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from collectors.formats.pattern import PatternSettings
from collectors.formats.plain import JsonSettings
from collectors.formats.settings import NoSettings, WithTimezone
from collectors.log.tail import Start
from schemas.plugins import PluginConfig


class Fixed(NoSettings):
    """A format that needs no settings. Its name alone says the same: `format = "falco"`."""

    name: Literal["plain", "auditd", "kubernetes_audit", "cloudtrail", "falco", "suricata"]


class Text(WithTimezone):
    """A format whose times may lack their zone, which is the machine's unless `timezone` names one, such as
    `Europe/Berlin`. Its name alone says the same: `format = "auth"`."""

    name: Literal["syslog", "auth", "sshd", "sudo", "nginx", "apache"]


class Json(JsonSettings):
    """A JSON object to a line. `time` and `message` name the fields that hold them, `rename` leads from names of fields
    to ours. `product`, `category` and `service` are the log source, each a text or `{ field = "name" }`."""

    name: Literal["json"]


class Pattern(PatternSettings):
    """Lines that one of the `patterns`, as a whole, describes: regular expressions in RE2's syntax, with grok's names
    such as `%{IP:source.ip}`. The rest is as for `json`."""

    name: Literal["pattern"]


def _named(given: Any) -> Any:
    return {"name": given} if isinstance(given, str) else given


LineFormat = Annotated[
    Annotated[Fixed | Text | Json | Pattern, Field(discriminator="name")],
    BeforeValidator(_named),
]


class Files(PluginConfig):
    """Files whose lines have a format, [one of these](events.md#formats)."""

    paths: list[str] = Field(min_length=1)
    format: LineFormat


class LogConfig(PluginConfig):
    """`paths` are glob patterns; `**` stands for any depth. Rotated files of a log that is there need not, and do not,
    match. Of `files` each entry has `paths` of its own and the format of their lines; the first that a file matches
    counts, and one that only the plain `paths` match has the format `plain`. `start` is where to begin in a file that
    is there at the start and has no event in the journal; later ones are all new.

    A line that does not fit its format, or is longer than `max_line_bytes`, is still an event, of type `log.line`. With
    the labels `path` and `format` the collector says how many lines it has read (`reflexarc_log_lines_total`) and how
    many of them did not fit (`reflexarc_log_lines_not_parsed_total`).
    """

    paths: list[str] = Field(default_factory=list)
    files: list[Files] = Field(default_factory=list)
    start: Start = "end"
    poll_s: float = Field(default=0.25, gt=0)
    max_line_bytes: int = Field(default=65536, ge=1024)

    @model_validator(mode="after")
    def _names_files(self) -> Self:
        if not self.paths and not self.files:
            raise ValueError("expected paths, or files with paths and a format, got neither")
        return self
