"""What an agent does with events before it sends them, as it is configured."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from engine.redaction import EXEMPT, REPLACEMENT, SHIPPED, Pattern, Redactor
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
