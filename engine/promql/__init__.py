"""PromQL over NumPy columns: an expression is planned once and evaluated often, all series at a time.

Everything is a function of the samples appended and the time asked for. No clock, no I/O, no rules live here.
"""

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.errors import PromqlError
from engine.promql.freshness import Freshness
from engine.promql.index import Derived, Index
from engine.promql.notes import Note
from engine.promql.plan import Plan, compile_expr
from engine.promql.query import Query, compile_query
from engine.promql.results import Answer, Matrix, Series
from engine.promql.selector import LOOKBACK_MS, Covered, Matcher, Matchers, Selector, exact_name, picks
from engine.promql.store import Store
from engine.promql.texts import formatted, is_demanding, metric_selector, on_one_line
from engine.promql.triggers import Triggers
from engine.promql.vector import Vector

__all__ = [
    "LOOKBACK_MS",
    "Answer",
    "Covered",
    "Derived",
    "FloatArray",
    "Freshness",
    "Index",
    "IntArray",
    "Matcher",
    "Matchers",
    "Matrix",
    "Note",
    "Plan",
    "PromqlError",
    "Query",
    "Selector",
    "Series",
    "Store",
    "Triggers",
    "Vector",
    "compile_expr",
    "compile_query",
    "exact_name",
    "formatted",
    "is_demanding",
    "metric_selector",
    "on_one_line",
    "picks",
]
