"""The shape of a unit-test file: promtool's format, and what we add to it to test rules that act, and playbooks.

Only what one field can tell by itself is checked here. Every scalar comes as text, as it stands in the YAML.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.ruletest.fields import (
    Count,
    DistinctNames,
    Metric,
    NamedReason,
    Number,
    Series,
    Text,
    Texts,
    Timestamp,
    Values,
)
from schemas.outcomes import Status
from schemas.rulefields import Duration, Name

DEFAULT_INTERVAL_MS = 60_000


class _Model(BaseModel):
    """Unknown fields are errors. A field without a value counts as left out, an item without one as empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if data is None:
            return {}
        if not isinstance(data, Mapping):
            return data
        return {name: value for name, value in data.items() if value is not None or name not in cls.names()}

    @classmethod
    def names(cls) -> list[str]:
        """The fields as the file writes them."""
        return [field.alias or name for name, field in cls.model_fields.items()]


# --- what goes in ---


class InputSeries(_Model):
    """The samples of one series, one for each `interval` of the group, from its start on."""

    labels: Series = Field(default=(), alias="series")
    values: Values = ()


class InputEvent(_Model):
    """An event at `at` from the group's start on, `times` times, `every` so long. `{n}` in a text of `data` is the
    number of the repetition, from 0.
    """

    at_ms: Duration = Field(default=0, alias="at")
    times: Count = 1
    every_ms: Duration = Field(default=1_000, alias="every")
    node: Name = "test"
    source: Name = "test"
    type: Name = "log.line"
    product: Text = ""
    category: Text = ""
    service: Text = ""
    data: Mapping[str, Any] = {}


class InventoryTarget(_Model):
    """A target that commands can be about, as its actuator would publish it. `actuator` is needed only where several
    have verbs for its kind, and `lock` where it is changed together with others, as the replicas of a workload are."""

    target: str
    lock: str | None = None
    attributes: Texts = {}
    protected: bool = False
    actuator: str | None = None
    scope: str = "test"


class Answer(_Model):
    """What the actuator answers to a command of this verb, and on this target where one is named.

    The outcome comes `takes` after the command; `after` are attributes of the target that the effect changed, and
    `undo` is the target, one of the inventory, by which it can be undone.
    """

    verb: str
    target: str | None = None
    status: Status = "succeeded"
    reason: NamedReason | None = None
    takes_ms: Duration = Field(default=0, alias="takes")
    after: Texts = {}
    undo: str | None = None


class PlayRequest(_Model):
    """A person runs a playbook, the newest version unless one is named."""

    at_ms: Duration = Field(default=0, alias="at")
    playbook: Name
    params: Texts = {}
    version: Count | None = None
    dry_run: bool = False
    by: Name = "somebody"


class PersonAnswers(_Model):
    """Somebody lets go all that waits for an approval at this time, or with `deny` refuses it."""

    at_ms: Duration = Field(default=0, alias="at")
    by: Name = "approver"
    deny: bool = False


# --- what must come out ---


class _Case(_Model):
    eval_time_ms: Duration = Field(default=0, alias="eval_time")


class ExpectedAlert(_Model):
    """A firing alert: its labels but for the name, and its annotations. Where the group has events, which promtool does
    not know, annotations that are left out are not compared.
    """

    exp_labels: Texts = {}
    exp_annotations: Texts | None = None


class AlertCase(_Case):
    """Exactly these alerts of the name are firing at `eval_time`."""

    alertname: Name
    exp_alerts: list[ExpectedAlert] = []


class ExpectedSample(_Model):
    """One element of a result."""

    labels: Metric = ()
    value: Number = 0.0
    histogram: Text = ""


class ExprCase(_Case):
    """Exactly these samples are the value of `expr` at `eval_time`."""

    expr: str
    exp_samples: list[ExpectedSample] = []


class ExpectedCommand(_Model):
    """A command; arguments and conditions are compared where they are given."""

    verb: str
    target: str
    args: Texts | None = None
    condition: Texts | None = None


class ExpectedDecision(_Model):
    """Something done or not done, by its reason; of the rest what is given is compared."""

    reason: NamedReason
    rule: str | None = None
    verb: str | None = None
    target: str | None = None


class ExpectedRun(_Model):
    """A run of a playbook: why it is over, or without a `reason` that it is not; and at which `step`, from 1."""

    playbook: Name
    reason: NamedReason | None = None
    step: Count | None = None


class CommandCase(_Case):
    """Exactly these commands were sent, and with `exp_decisions` these decisions made, since the case before. With
    `exp_runs` these are the runs that were asked for up to now, and how they stand."""

    exp_commands: list[ExpectedCommand] = []
    exp_decisions: list[ExpectedDecision] | None = None
    exp_runs: list[ExpectedRun] | None = None


# --- the file ---


class UnitTestGroup(_Model):
    """Input series and what must follow from them. Times count from `start_timestamp` on."""

    name: str = ""
    interval_ms: Duration = Field(default=0, alias="interval")
    start_ms: Timestamp = Field(default=0, alias="start_timestamp")
    input_series: list[InputSeries] = []
    input_events: list[InputEvent] = []
    alert_rule_test: list[AlertCase] = []
    promql_expr_test: list[ExprCase] = []
    external_labels: Texts = {}
    external_url: Text = ""
    inventory: list[InventoryTarget] = []
    outcomes: list[Answer] = []
    plays: list[PlayRequest] = []
    approvals: list[PersonAnswers] = []
    command_test: list[CommandCase] = []

    @property
    def end_ms(self) -> int:
        """When, counted from the start, the last of promtool's cases is checked."""
        return max((case.eval_time_ms for case in (*self.alert_rule_test, *self.promql_expr_test)), default=0)


class UnitTestFile(_Model):
    """A file of unit tests."""

    rule_files: list[str] = []
    evaluation_interval_ms: Duration = Field(default=0, alias="evaluation_interval")
    group_eval_order: DistinctNames = []
    fuzzy_compare: bool = False
    tests: list[UnitTestGroup] = []

    @property
    def tick_ms(self) -> int:
        """How often rules are evaluated."""
        return self.evaluation_interval_ms or DEFAULT_INTERVAL_MS

    def interval_ms(self, group: UnitTestGroup) -> int:
        """How far apart the samples of a group are."""
        return group.interval_ms or self.tick_ms


NESTED: Mapping[str, type[_Model]] = {
    "tests": UnitTestGroup,
    "input_series": InputSeries,
    "input_events": InputEvent,
    "inventory": InventoryTarget,
    "outcomes": Answer,
    "plays": PlayRequest,
    "approvals": PersonAnswers,
    "alert_rule_test": AlertCase,
    "exp_alerts": ExpectedAlert,
    "promql_expr_test": ExprCase,
    "exp_samples": ExpectedSample,
    "command_test": CommandCase,
    "exp_commands": ExpectedCommand,
    "exp_decisions": ExpectedDecision,
    "exp_runs": ExpectedRun,
}
"""What the items of each list are."""
