"""Expressions drawn at random, of every kind of node; the series are named and labelled as in `test_incremental`."""

from hypothesis import strategies as st

NAMES = ("a_total", "b")
_MATCHERS = ("", '{zone="1"}', '{i!="2"}', '{i=~"[02]"}', '{other=""}')
_OFFSETS = ("", "", "", " offset 30s", " offset -10s")
_RANGES = ("20s", "1m", "2m", "5m")
_OVER_RANGE = (
    *("avg_over_time", "changes", "count_over_time", "delta", "deriv", "idelta", "increase", "irate", "last_over_time"),
    *("max_over_time", "min_over_time", "present_over_time", "rate", "resets", "stddev_over_time", "sum_over_time"),
    "absent_over_time",
)
_OF_VECTOR = ["abs", "-{}", "ceil", "exp", "sgn", "sort", "timestamp", "absent", "scalar"]
_AGGREGATIONS = ["sum", "avg", "min", "max", "count", "group", "stddev"]
_GROUPINGS = ("", "by (zone)", "by (i, zone)", "without (i)")
_OPERATORS = ["+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"]
_MATCHINGS = ("", "on (i)", "on (i, zone)", "ignoring (zone)", "on (zone) group_left ()")


def _selectors() -> st.SearchStrategy[str]:
    drawn = st.tuples(st.sampled_from(NAMES), st.sampled_from(_MATCHERS), st.sampled_from(_OFFSETS))
    return drawn.map("".join)


def _over_range() -> st.SearchStrategy[str]:
    parts = st.tuples(*map(st.sampled_from, (_OVER_RANGE, NAMES, _MATCHERS, _RANGES, _OFFSETS)))
    return parts.map(lambda drawn: f"{drawn[0]}({drawn[1]}{drawn[2]}[{drawn[3]}]{drawn[4]})")


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What may stand around expressions."""
    function = st.tuples(st.sampled_from(_OF_VECTOR), inner).map(
        lambda drawn: f"-({drawn[1]})" if "{" in drawn[0] else f"{drawn[0]}({drawn[1]})"
    )
    aggregation = st.tuples(st.sampled_from(_AGGREGATIONS), st.sampled_from(_GROUPINGS), inner).map(
        lambda drawn: f"{drawn[0]} {drawn[1]} ({drawn[2]})"
    )
    first = st.tuples(st.sampled_from(("topk", "bottomk", "quantile")), inner).map(
        lambda drawn: f"{drawn[0]}({'0.5' if drawn[0] == 'quantile' else '2'}, {drawn[1]})"
    )
    compared = st.tuples(inner, st.sampled_from(_OPERATORS[:12]), st.integers(0, 9)).map(
        lambda drawn: f"({drawn[0]}) {drawn[1]} {drawn[2]}"
    )
    joined = st.tuples(inner, st.sampled_from(_OPERATORS), st.sampled_from(_MATCHINGS), inner).map(
        lambda drawn: f"({drawn[0]}) {drawn[1]} {_fitting(drawn[1], drawn[2])} ({drawn[3]})"
    )
    subquery = st.tuples(st.sampled_from(("max_over_time", "rate", "count_over_time")), inner).map(
        lambda drawn: f"{drawn[0]}(({drawn[1]})[1m:10s])"
    )
    written = inner.map(lambda child: f'label_replace({child}, "i", "$1$1", "i", "(.)")')
    return st.one_of(function, aggregation, first, compared, joined, subquery, written)


def _fitting(operator: str, matching: str) -> str:
    """Set operators know no `group_left`."""
    return matching.replace("group_left ()", "") if operator in ("and", "or", "unless") else matching


def expressions() -> st.SearchStrategy[str]:
    """PromQL text. What the types forbid, such as the `abs` of a scalar, is among it."""
    return st.recursive(st.one_of(_selectors(), _over_range()), _around, max_leaves=4)
