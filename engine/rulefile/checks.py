"""Whether expressions and templates parse; each text is parsed once for a whole set of files."""

from collections.abc import Sequence
from functools import cache

from engine.promql import Plan, PromqlError, compile_expr
from engine.template import OF_ALERTS, OF_RUNS, Template, TemplateError, parse


class Checks:
    """What `schemas.rulefile` asks about its texts, and the parsed forms for the checks that come after."""

    of_alerts = True
    """Whether they are about alerts, which have labels."""

    def __init__(self, variables: Sequence[str] = OF_ALERTS) -> None:
        self.plan = cache(_plan)
        self.parsed = cache(lambda text: _parsed(text, variables))

    def expression(self, text: str) -> None:
        plan = self.plan(text)
        _only_playbooks(plan)
        if names := plan.placeholders:
            raise ValueError(f"only `verify` can use the labels of an alert: {{{{ $labels.{min(names)} }}}}")

    def bound_expression(self, text: str) -> None:
        _only_playbooks(self.plan(text))

    def template(self, text: str) -> None:
        self.parsed(text)


class ChecksOfRuns(Checks):
    """The same for the texts of playbooks, which know parameters and no alert."""

    of_alerts = False

    def __init__(self) -> None:
        super().__init__(OF_RUNS)

    def bound_expression(self, text: str) -> None:
        _no_labels(self.plan(text).placeholders)

    def template(self, text: str) -> None:
        _no_labels(self.parsed(text).label_names)


def _only_playbooks(plan: Plan) -> None:
    if names := plan.parameters:
        raise ValueError(f"only playbooks have parameters: {{{{ $params.{min(names)} }}}}")


def _no_labels(names: frozenset[str]) -> None:
    if names:
        raise ValueError(f"a playbook has parameters and no labels: expected $params, got {min(names)} of $labels")


def _plan(text: str) -> Plan:
    try:
        return compile_expr(text)
    except PromqlError as error:
        raise ValueError(f"bad PromQL: {error}") from error


def _parsed(text: str, variables: Sequence[str]) -> Template:
    try:
        return parse(text, variables)
    except TemplateError as error:
        raise ValueError(f"bad template: {error.message} at character {error.offset + 1}") from error
