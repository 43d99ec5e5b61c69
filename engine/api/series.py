"""Which series there are, and the names and values of their labels."""

from collections.abc import Callable, Sequence
from typing import Any

from engine.api import body, parameters
from engine.api.errors import ApiError
from engine.api.form import Form
from engine.api.jobs import Job
from engine.api.source import Source
from engine.promql import Matchers
from schemas.labels import Labels

_EVERYTHING: Matchers = ()
_SERIES_COST = 2


def series(source: Source, form: Form) -> Job:
    """`/api/v1/series`. Raises `ApiError`."""
    if not form.every("match[]"):
        raise ApiError("bad_data", "no match[] parameter provided")
    return _job(source, form, lambda found: [dict(labels) for labels in found])


def label_names(source: Source, form: Form) -> Job:
    """`/api/v1/labels`. Raises `ApiError`."""
    return _job(source, form, lambda found: sorted({name for labels in found for name, _ in labels}))


def label_values(source: Source, form: Form, label: str) -> Job:
    """`/api/v1/label/{name}/values`. Raises `ApiError`."""
    if not label:
        raise ApiError("bad_data", f"invalid label name: {parameters.quoted(label)}")
    return _job(
        source, form, lambda found: sorted({value for labels in found for name, value in labels if name == label})
    )


def _job(source: Source, form: Form, tell: Callable[[Sequence[Labels]], list[Any]]) -> Job:
    """What `tell` makes of the series that are asked for, which come in the order of their labels."""
    limit = parameters.limit(form)
    start_ms = parameters.time_ms(form, "start", parameters.EARLIEST_MS)
    end_ms = parameters.time_ms(form, "end", parameters.LATEST_MS)
    sets = parameters.matchers(form) or [_EVERYTHING]
    store = source.state().store

    def answer() -> Any:
        told = tell(sorted({labels for matchers in sets for labels in store.seen(matchers, start_ms, end_ms)}))
        return body.success(told[: limit or None], truncated=0 < limit < len(told))

    return Job(sum(map(store.candidates, sets)) * _SERIES_COST, answer)
