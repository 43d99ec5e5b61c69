"""Whether expressions and templates parse; each text is parsed once for a whole set of files."""

from functools import cache

from engine.promql import Plan, PromqlError, compile_expr
from engine.template import Template, TemplateError, parse


class Checks:
    """What `schemas.rulefile` asks about its texts, and the parsed forms for the checks that come after."""

    def __init__(self) -> None:
        self.plan = cache(_plan)
        self.parsed = cache(_parsed)

    def expression(self, text: str) -> None:
        if names := self.plan(text).placeholders:
            raise ValueError(f"only `verify` can use the labels of an alert: {{{{ $labels.{min(names)} }}}}")

    def bound_expression(self, text: str) -> None:
        self.plan(text)

    def template(self, text: str) -> None:
        self.parsed(text)


def _plan(text: str) -> Plan:
    try:
        return compile_expr(text)
    except PromqlError as error:
        raise ValueError(f"bad PromQL: {error}") from error


def _parsed(text: str) -> Template:
    try:
        return parse(text)
    except TemplateError as error:
        raise ValueError(f"bad template: {error.message} at character {error.offset + 1}") from error
