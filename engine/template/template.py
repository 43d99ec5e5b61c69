"""The package's two public names: a parsed template, and how text becomes one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from engine.template.evaluate import Evaluation
from engine.template.nodes import Body, Text
from engine.template.parser import Parser
from engine.template.prometheus import FUNCTIONS
from engine.template.queried import queried
from engine.template.values import Data, Query

_ANYWHERE = ("$externalLabels", "$externalURL")
OF_ALERTS = ("$labels", "$value", *_ANYWHERE)
"""The variables of what is written about an alert."""
OF_RUNS = ("$params", *_ANYWHERE)
"""Those of the steps of a playbook: what it is run with."""
OF_EITHER = (*OF_ALERTS, "$params")


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template. `label_names` are the labels of the alert that it names as `$labels.x` or `.Labels.x`,
    `param_names` the parameters of the run, `$params.x`.
    """

    text: str
    body: Body
    label_names: frozenset[str]
    param_names: frozenset[str] = frozenset()
    definitions: Mapping[str, Body] = field(default_factory=dict)

    @property
    def is_literal(self) -> bool:
        """Whether it renders the same, whatever the alert."""
        return all(isinstance(node, Text) for node in self.body)

    @property
    def queried(self) -> tuple[str, ...]:
        """Every text constant of it, if it calls `query`: the queries that it asks are among them."""
        return queried([self.body, *self.definitions.values()])

    def render(
        self,
        labels: Mapping[str, str],
        value: float,
        external_labels: Mapping[str, str] = {},  # read only
        query: Query | None = None,
        external_url: str = "",
    ) -> str:
        """The text for one alert, or with parameters as its labels for one run. A missing label is empty. `query`
        evaluates PromQL at the alert's time.

        Raises TemplateError where Go's engine or one of the functions would fail.
        """
        data = Data(labels, external_labels, value, external_url)
        return Evaluation(data, query, self.definitions).text(self.body)


def parse(text: str, variables: Collection[str] = OF_ALERTS) -> Template:
    """Parse `text`, which may name these `variables`. Raises TemplateError for bad syntax and for unknown functions and
    variables.
    """
    parser = Parser(text, FUNCTIONS, variables)
    body = parser.template()
    return Template(text, body, frozenset(parser.label_names), frozenset(parser.param_names), parser.definitions)
