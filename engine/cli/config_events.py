"""What an agent does with events before it sends them, as it is configured."""

from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, model_validator

from engine.analysis.settings import Settings
from engine.cli.config_types import DurationMs
from engine.redaction import EXEMPT, REPLACEMENT, SHIPPED, Pattern, Redactor
from schemas.durations import duration_ms
from schemas.wording import shown


def _shipped(name: str) -> str:
    if name not in SHIPPED:
        raise ValueError(f"expected one of {', '.join(SHIPPED)}, got {shown(name)}")
    return name


ShippedName = Annotated[str, AfterValidator(_shipped)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnPattern(_Section):
    """A pattern beside those that are shipped; see `engine.redaction.pattern`."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    pattern: str
    check: Literal["", "luhn", "mod97"] = ""

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        if self.name in SHIPPED:
            raise ValueError(f"name: {shown(self.name)} is shipped, expected another")
        self.as_pattern().compiled()
        return self

    def as_pattern(self) -> Pattern:
        return Pattern(self.name, self.pattern, self.check)


class RedactSection(_Section):
    """`without` names shipped patterns that are not to be used, `also` optional ones that are."""

    enabled: bool = True
    without: list[ShippedName] = []
    also: list[ShippedName] = []
    patterns: list[OwnPattern] = []
    names: list[str] = []
    exempt: list[str] = list(EXEMPT)
    replacement: str = REPLACEMENT

    def redactor(self) -> Redactor | None:
        """None where nothing is to be redacted."""
        if not self.enabled:
            return None
        shipped = [
            pattern
            for name, pattern in SHIPPED.items()
            if name not in self.without and (name in self.also or not pattern.optional)
        ]
        own = [each.as_pattern() for each in self.patterns]
        return Redactor([*shipped, *own], names=self.names, exempt=self.exempt, replacement=self.replacement)


class Learned(NamedTuple):
    """How much of a source is learned before anything of it is new."""

    events: int
    ms: int


def _learned(value: Any) -> Learned:
    """Written as a number of events, or as a time."""
    if isinstance(value, str):
        return Learned(0, duration_ms(value))
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"expected a number of events, or a time such as 10m, got {shown(value)}")
    return Learned(value, 0)


class AnalysisSection(_Section):
    """`sources` are patterns of the names of sources: `log:` and the path of a log, `journald`."""

    enabled: bool = False
    sources: list[str] = ["log:*", "journald"]
    max_sources: int = Field(default=100, ge=1)
    max_templates: int = Field(default=1_000, ge=10)
    similarity: float = Field(default=0.4, gt=0, le=1)
    depth: int = Field(default=4, ge=3, le=8)
    new_template_after: Annotated[Learned, PlainValidator(_learned)] = Learned(1_000, 0)
    max_new: int = Field(default=20, ge=1)
    window: Annotated[DurationMs, Field(ge=1_000)] = 60_000
    rate_factor: float = Field(default=5.0, gt=1)
    rate_deviations: float = Field(default=3.0, ge=0)
    rate_min_count: int = Field(default=20, ge=1)
    rate_after: int = Field(default=10, ge=1)
    save_every: DurationMs = 30_000

    def settings(self) -> Settings:
        """What an analyzer is told."""
        return Settings(
            similarity=self.similarity,
            depth=self.depth,
            max_templates=self.max_templates,
            learned_events=self.new_template_after.events,
            learned_ms=self.new_template_after.ms,
            max_new=self.max_new,
            window_ms=self.window,
            rate_factor=self.rate_factor,
            rate_deviations=self.rate_deviations,
            rate_min_count=self.rate_min_count,
            rate_after=self.rate_after,
        )
