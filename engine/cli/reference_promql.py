"""The reference page of PromQL: each of its functions, aggregations and operators is tried, and so told to be supported
or not. What the language has stands here; what of it we have is the planner's alone to say.
"""

from collections.abc import Iterator, Mapping, Sequence

from engine.promql import PromqlError, compile_expr

_OF_VECTOR = (
    "abs absent acos acosh asin asinh atan atanh ceil cos cosh day_of_month day_of_week day_of_year "
    "days_in_month deg exp floor histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum hour ln "
    "log10 log2 minute month rad round scalar sgn sin sinh sort sort_desc sqrt tan tanh timestamp year info"
)
_OF_RANGE = (
    "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate "
    "last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time "
    "stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time"
)
_BINARY = "+ - * / % ^ atan2 == != > < >= <= and or unless"
_FUNCTIONS: Mapping[str, str] = {
    **{name: f"{name}(x)" for name in _OF_VECTOR.split()},
    **{name: f"{name}(x[5m])" for name in _OF_RANGE.split()},
    "clamp": "clamp(x, 0, 1)",
    "clamp_max": "clamp_max(x, 1)",
    "clamp_min": "clamp_min(x, 1)",
    "double_exponential_smoothing": "double_exponential_smoothing(x[5m], 0.5, 0.5)",
    "histogram_fraction": "histogram_fraction(0, 1, x)",
    "histogram_quantile": "histogram_quantile(0.9, x)",
    "label_join": 'label_join(x, "a", ",", "b", "c")',
    "label_replace": 'label_replace(x, "a", "$1", "b", "(.*)")',
    "pi": "pi()",
    "predict_linear": "predict_linear(x[5m], 60)",
    "quantile_over_time": "quantile_over_time(0.9, x[5m])",
    "sort_by_label": 'sort_by_label(x, "a")',
    "sort_by_label_desc": 'sort_by_label_desc(x, "a")',
    "time": "time()",
    "vector": "vector(1)",
}
_AGGREGATIONS: Mapping[str, str] = {
    **{name: f"{name} by (a) (x)" for name in ("avg", "count", "group", "max", "min", "stddev", "stdvar", "sum")},
    "bottomk": "bottomk(3, x)",
    "count_values": 'count_values("a", x)',
    "limit_ratio": "limit_ratio(0.1, x)",
    "limitk": "limitk(3, x)",
    "quantile": "quantile(0.9, x)",
    "topk": "topk(3, x)",
}
_OPERATORS: Mapping[str, str] = {
    **{name: f"x {name} y" for name in _BINARY.split()},
    "bool": "x > bool 1",
    "on, ignoring": "x * on (a) y",
    "group_left, group_right": "x * on (a) group_left y",
    "offset": "x offset 5m",
    "@": "x @ 1609746000",
    "subqueries": "max_over_time(rate(x[1m])[5m:1m])",
    "range vectors as a result": "x[5m]",
    "strings as a result": '"text"',
}


def promql() -> Iterator[str]:
    """The lines of the page."""
    yield "# PromQL"
    yield ""
    yield "What an expression in a rule may hold. The rest is refused when the rules are loaded, by name and with its"
    yield "place; nothing is silently taken for something else."
    sections = (("Functions", _FUNCTIONS), ("Aggregations", _AGGREGATIONS), ("Operators and the rest", _OPERATORS))
    for title, examples in sections:
        supported = [name for name, expr in examples.items() if _supported(expr)]
        yield from ("", f"## {title}", "", f"Supported: {_listed(supported)}.")
        if refused := [name for name in examples if name not in supported]:
            yield from ("", f"Refused: {_listed(refused)}.")


def _supported(expr: str) -> bool:
    try:
        compile_expr(expr)
    except PromqlError:
        return False
    return True


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
