"""Remarks on an evaluation: what Prometheus' API returns as `warnings` and `infos` beside a result.

They are for people who write expressions; no result depends on them.
"""

from typing import Literal

import msgspec

from engine.promql.formatting import shortest


class Note(msgspec.Struct, frozen=True, order=True):
    """One remark, worded as Prometheus words it, without the position in the expression."""

    level: Literal["info", "warning"]
    text: str

    def __str__(self) -> str:
        return f"PromQL {self.level}: {self.text}"


def quantile_out_of_range(phi: float) -> Note:
    return Note("warning", f"quantile value should be between 0 and 1, got {shortest(phi)}")


def maybe_not_a_counter(name: str) -> Note:
    return Note("info", f'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "{name}"')


def ratio_out_of_range(ratio: float, capped: float) -> Note:
    return Note(
        "warning", f"ratio value should be between -1 and 1, got {shortest(ratio)}, capping to {shortest(capped)}"
    )


def bad_bucket_label(value: str, name: str) -> Note:
    return Note(
        "warning", f'bucket label "le" is missing or has a malformed value of "{value}" for metric name "{name}"'
    )


_MONOTONICITY = "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile"


def not_monotonic(name: str) -> Note:
    return Note(
        "info",
        f"input to histogram_quantile needed to be fixed for monotonicity (see {_MONOTONICITY}) "
        f'for metric name "{name}"',
    )


SORT_IN_RANGE = Note("warning", "sort is ineffective for range queries since results are always ordered by labels")
