"""The shape of a playbook's file: its parameters and steps. Its JSON Schema is made from here.

Only what one field can tell by itself is checked here. Whether an expression or a template parses is asked of the
`Checks` in the validation context; verbs, and what the steps name, are `engine.rulefile`'s to check.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, JsonValue, model_validator
from pydantic.json_schema import WithJsonSchema

from schemas import rulefile
from schemas.durations import duration_ms
from schemas.rulefields import Argument, BoundExpression, Duration, Model, Name, PositiveDuration
from schemas.rulefile import Verify
from schemas.wording import shown

_PLAYBOOK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NAME = "name"
"""What a step that runs a playbook says beside its parameters."""
_SCALAR: JsonValue = {"type": ["string", "number", "boolean"]}


def _playbook_name(name: str) -> str:
    if not _PLAYBOOK.fullmatch(name):
        raise ValueError(f"expected letters, digits, `_`, `-` and `.`, got {shown(name)}")
    return name


def _parameter_name(name: str) -> str:
    if not _PARAMETER.fullmatch(name):
        raise ValueError(f"expected letters, digits and `_`, as in `$params.name`, got {shown(name)}")
    if name == NAME:
        raise ValueError("expected another word: in a step that runs a playbook, `name` is that of the playbook")
    return name


def _nothing_as_default(values: Any) -> Any:
    """A parameter of which nothing is said is any text."""
    if isinstance(values, Mapping):
        return {name: {} if value is None else value for name, value in values.items()}
    return values


PlaybookName = Annotated[str, AfterValidator(_playbook_name)]
ParameterName = Annotated[str, AfterValidator(_parameter_name)]
Text = Annotated[str, WithJsonSchema(_SCALAR)]
Count = Annotated[int, Field(ge=1, le=100)]


class Parameter(Model):
    """What a playbook is run with. `min` and `max` bound a number, a duration, or the length of a text; `pattern` is
    what the whole of it must fit, as RE2 has it. Without `default` it must be given.
    """

    type: Literal["text", "integer", "number", "boolean", "duration"] = "text"
    default: Text | None = None
    choices: list[Text] = []
    min: Text | None = None
    max: Text | None = None
    pattern: str | None = None
    summary: str = ""

    def bound(self, text: str) -> float:
        """`min` or `max` as a number: of a duration in seconds. Raises ValueError."""
        if self.type == "duration":
            return duration_ms(text) / 1000
        try:
            return float(text)
        except ValueError:
            raise ValueError(f"expected a number, got {shown(text)}") from None


class Gate(Model):
    """What must hold before the run goes on, within which time and for how long: `expr`, or that the collector `probe`
    finds its target `probe` well."""

    expr: BoundExpression | None = None
    probe: Argument | None = None
    within_ms: PositiveDuration = Field(alias="within")
    hold_ms: Duration | None = Field(default=None, alias="hold")

    @model_validator(mode="after")
    def _asks_one_thing(self) -> "Gate":
        if (self.expr is None) == (self.probe is None):
            raise ValueError("expected either `expr` or `probe`")
        return self


class Approval(Model):
    """So many people, of `by` or anybody, must let the run go on before the deadline; what happens when that has
    passed is `lapse`."""

    by: list[Name] = []
    count: Count = 1
    deadline_ms: PositiveDuration | None = Field(default=None, alias="deadline")
    lapse: Literal["deny", "proceed"] = "deny"


class Act(rulefile.Step):
    """A verb with its arguments, and how it is verified."""


class Step(Model):
    """One step: a verb with its arguments, `playbook` with a name and parameters, or one of `gate`, `pause`,
    `approval` and `parallel`."""

    model_config = ConfigDict(extra="allow", frozen=True, json_schema_extra={"minProperties": 1})

    name: Name | None = None
    gate: Gate | None = None
    pause_ms: PositiveDuration | None = Field(default=None, alias="pause")
    approval: Approval | None = None
    parallel: list[Annotated[list["Step"], Field(min_length=1)]] | None = Field(default=None, min_length=1)
    verify: Verify | None = None
    timeout_ms: PositiveDuration | None = Field(default=None, alias="timeout")
    retry: Count | None = None
    compensate: Act | None = None
    __pydantic_extra__: dict[str, dict[str, Argument]]

    @property
    def verbs(self) -> dict[str, dict[str, str]]:
        """The arguments by verb, `playbook` among them. `engine.rulefile` wants one at most."""
        return self.__pydantic_extra__

    @property
    def waits(self) -> dict[str, Any]:
        """What it is beside a verb, by the field that says so."""
        found = {"gate": self.gate, "pause": self.pause_ms, "approval": self.approval, "parallel": self.parallel}
        return {name: value for name, value in found.items() if value is not None}


class PlaybookFile(Model):
    """A playbook: steps that are taken in their order, each once the one before has succeeded."""

    playbook: PlaybookName
    version: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    summary: str = ""
    parameters: Annotated[dict[ParameterName, Parameter], BeforeValidator(_nothing_as_default)] = {}
    steps: list[Step] = Field(min_length=1)
