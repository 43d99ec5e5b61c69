"""What sources say of their metrics."""

from engine.api import body, parameters
from engine.api.errors import ApiError
from engine.api.form import Form
from engine.api.jobs import Job
from engine.api.source import Source
from schemas.samples import Metadata


def metadata(source: Source, form: Form) -> Job:
    """`/api/v1/metadata`; of each metric one is known. Raises `ApiError`."""
    most = _number(form, "limit")
    _number(form, "limit_per_metric")
    known, metric = source.metadata(), form.first("metric")
    names = [name for name in ([metric] if metric else sorted(known)) if name in known]
    found = {name: [_written(known[name])] for name in (names if most is None or most < 0 else names[:most])}
    return Job(len(names), lambda: body.success(found))


def _number(form: Form, name: str) -> int | None:
    if not (text := form.first(name)):
        return None
    return parameters.whole(text, lambda _: ApiError("bad_data", f"{name} must be a number"))


def _written(told: Metadata) -> dict[str, str]:
    return {"type": told.type, "help": told.help, "unit": told.unit}
