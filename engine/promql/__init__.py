"""PromQL over NumPy columns: an expression is planned once and evaluated often, all series at a time.

Everything is a function of the samples appended and the time asked for. No clock, no I/O, no rules live here.
"""

from engine.promql.arrays import FloatArray, IntArray
from engine.promql.errors import PromqlError
from engine.promql.plan import Freshness, Plan, Triggers, compile_expr
from engine.promql.selector import LOOKBACK_MS, Matcher, Selector
from engine.promql.store import Store
from engine.promql.vector import Vector

__all__ = [
    "LOOKBACK_MS",
    "FloatArray",
    "Freshness",
    "IntArray",
    "Matcher",
    "Plan",
    "PromqlError",
    "Selector",
    "Store",
    "Triggers",
    "Vector",
    "compile_expr",
]
