"""Prometheus' templates for labels, annotations and the arguments of steps: the part of Go's text/template they use.

Pure: text and values in, text out. `query` is a function that the caller hands in, and there is no clock.

Read in this order: `lexer` (text → tokens), `pipelines` and `parser` (tokens → `nodes`), `evaluate` (nodes → text),
then `functions` and `prometheus`, the two tables of what a template may call.
"""

from engine.template.errors import TemplateError
from engine.template.template import OF_ALERTS, OF_EITHER, OF_RUNS, Template, parse

__all__ = ["OF_ALERTS", "OF_EITHER", "OF_RUNS", "Template", "TemplateError", "parse"]
