"""PromQL queries, at a moment or over a range."""

from engine.api import body, parameters
from engine.api.errors import ApiError, bad_parameter
from engine.api.form import Form
from engine.api.jobs import MOST_S, Job, planned
from engine.api.source import Source
from engine.core.state import State
from engine.promql import Answer, PromqlError, Query, Selector, Store, compile_query, exact_name, formatted

_MOST_STEPS = 11_000
_STEP_COST = 20
_SELECTOR_COST = 30
_DOUBLE_MS = 600_000
"""A window of this length makes a series cost twice."""


def instant(source: Source, form: Form) -> Job:
    """`/api/v1/query`. Raises `ApiError`."""
    limit = parameters.limit(form)
    time_ms = parameters.time_ms(form, "time", source.now_ms())
    most_s = parameters.timeout_s(form, MOST_S)
    parameters.check_lookback(form)
    return _instant(source.state(), form.first("query"), time_ms, limit=limit, most_s=most_s)


def instant_text(state: State, text: str, time_ms: int) -> Job:
    """An expression by itself. Raises `ApiError` for one that cannot be planned."""
    return planned([text], lambda: _instant(state, text, time_ms))


def _instant(state: State, text: str, time_ms: int, *, limit: int = 0, most_s: float = MOST_S) -> Job:
    query = _planned(state, text)
    return Job(
        _cost(query, state.store, 1),
        lambda: body.answered(
            query.instant(state.store, time_ms, state.settings.max_query_samples),
            time_ms,
            limit,
            _not_kept(query, state),
        ),
        most_s,
    )


def over_range(source: Source, form: Form) -> Job:
    """`/api/v1/query_range`. Raises `ApiError`."""
    limit = parameters.limit(form)
    start_ms, end_ms = parameters.time_ms(form, "start"), parameters.time_ms(form, "end")
    if end_ms < start_ms:
        raise bad_parameter("end", "end timestamp must not be before start time")
    step_ms = parameters.step_ms(form)
    steps = (end_ms - start_ms) // step_ms
    if steps > _MOST_STEPS:
        problem = "exceeded maximum resolution of 11,000 points per timeseries"
        raise ApiError("bad_data", f"{problem}. Try decreasing the query resolution (?step=XX)")
    most_s = parameters.timeout_s(form, MOST_S)
    parameters.check_lookback(form)
    state = source.state()
    query = _planned(state, form.first("query"))
    if not query.has_instant_value:
        raise bad_parameter("query", "invalid expression type for range query, must be Scalar or instant Vector")

    def answer() -> Answer:
        return query.over(state.store, start_ms, end_ms, step_ms, state.settings.max_query_samples)

    return Job(
        _cost(query, state.store, steps + 1),
        lambda: body.answered(answer(), end_ms, limit, _not_kept(query, state)),
        most_s,
    )


def layout(_: Source, form: Form) -> Job:
    """`/api/v1/format_query`. Raises `ApiError`."""
    try:
        text = formatted(form.first("query"))
    except PromqlError as error:
        raise bad_parameter("query", error) from error
    return Job(0, lambda: body.success(text))


def exemplars(_: Source, form: Form) -> Job:
    """`/api/v1/query_exemplars`: there are none. Raises `ApiError`."""
    start_ms = parameters.time_ms(form, "start", parameters.EARLIEST_MS)
    end_ms = parameters.time_ms(form, "end", parameters.LATEST_MS)
    if end_ms < start_ms:
        raise ApiError("bad_data", "end timestamp must not be before start timestamp")
    try:
        formatted(form.first("query"))
    except PromqlError as error:
        raise ApiError("bad_data", str(error)) from error
    return Job(0, lambda: body.success([]))


def _planned(state: State, text: str) -> Query:
    try:
        return compile_query(text, subquery_step_ms=state.settings.evaluation_interval_ms)
    except PromqlError as error:
        raise bad_parameter("query", error) from error


def _not_kept(query: Query, state: State) -> list[str]:
    """What is asked for in vain, since only what rules look at is kept."""
    names = {exact_name(selector.matchers) for selector in query.selectors} - {None}
    missing = sorted(name for name in names if name and not state.store.wants_name(name))
    return [f'no rule looks at "{name}", so its samples are not kept: see engine.pinned' for name in missing]


def _cost(query: Query, store: Store, steps: int) -> int:
    """Microseconds, as measured with every series in the result; a series that was never selected costs as much."""
    return steps * query.moments * (_STEP_COST + sum(_selected(selector, store) for selector in query.selectors))


def _selected(selector: Selector, store: Store) -> int:
    window_ms = (selector.range_ms or 0) + selector.within_ms
    return _SELECTOR_COST + store.candidates(selector.matchers) * (_DOUBLE_MS + window_ms) // _DOUBLE_MS
