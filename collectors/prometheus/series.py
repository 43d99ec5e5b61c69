"""What an exposed series is kept as: the target's labels added, relabelled, within the limits. Pure."""

from collections.abc import Mapping

from collectors.prometheus.config import ScrapeConfig
from collectors.prometheus.failure import ScrapeFailed
from collectors.prometheus.known_lines import DROPPED
from collectors.prometheus.relabel import relabel
from schemas.labels import METRIC_NAME, MOST_LABEL_BYTES, Labels, canonical, shared
from schemas.wording import shown

REPORTS = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)
"""What every scrape says of itself, in the order of the report."""


class SeriesNames:
    """Names the series of one target."""

    def __init__(self, job: ScrapeConfig, target: Labels) -> None:
        self._job = job
        self._target = dict(target)
        self.reports = tuple(canonical({**self._target, METRIC_NAME: name}) for name in REPORTS)

    def resolve(self, exposed: Mapping[str, str]) -> Labels:
        """The labels that an exposed series is kept under, or `DROPPED`. Raises `ScrapeFailed`."""
        labels = self._merged(exposed)
        if not relabel(labels, self._job.metric_relabel_configs):
            return DROPPED
        series = shared(canonical(labels))
        if series and not labels.get(METRIC_NAME):
            raise ScrapeFailed(f"relabelling left a series without a name: {shown(str(labels))}")
        self._check_limits(series, labels.get(METRIC_NAME, ""))
        # Whether it is up is not for the target to say.
        return DROPPED if series in self.reports else series

    def _merged(self, exposed: Mapping[str, str]) -> dict[str, str]:
        if self._job.honor_labels:
            # A label that is exposed empty keeps the target's own away, which the Pushgateway relies on.
            merged = {**self._target, **exposed}
            return {name: value for name, value in merged.items() if value}
        merged = {name: value for name, value in exposed.items() if value}
        conflicts = sorted(self._target.keys() & merged.keys(), key=lambda name: (len(name), name))
        moved = {name: merged.pop(name) for name in conflicts}
        merged |= self._target
        for name, value in moved.items():
            free = f"exported_{name}"
            while free in merged:
                free = f"exported_{free}"
            merged[free] = value
        return merged

    def _check_limits(self, series: Labels, metric: str) -> None:
        job = self._job
        if (size_bytes := sum(len(name.encode()) + len(value.encode()) for name, value in series)) > MOST_LABEL_BYTES:
            raise ScrapeFailed(f"{metric}: the labels are {size_bytes} bytes long, more than {MOST_LABEL_BYTES}")
        if 0 < job.label_limit < len(series):
            raise ScrapeFailed(f"{metric} has {len(series)} labels (label_limit {job.label_limit})")
        for name, value in series:
            if 0 < job.label_name_length_limit < len(name.encode()):
                raise ScrapeFailed(f"{metric}: label name {shown(name)} is too long (label_name_length_limit)")
            if 0 < job.label_value_length_limit < len(value.encode()):
                raise ScrapeFailed(f"{metric}: the value of label {name} is too long (label_value_length_limit)")
