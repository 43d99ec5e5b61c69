"""Alert transitions, as responders receive them on `ops.alerts.<severity>.<alertname>`."""

from typing import Literal

import msgspec

AlertState = Literal["inactive", "pending", "firing", "resolved"]


class AlertTransition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An alert entered `state` at `time_ms`.

    `id` is the digest of rule and labels: the same alert keeps it for ever. `onset` is the journal sequence of the
    message that made it active, so (`id`, `onset`) names one episode of it. `value` is printed as Prometheus does
    (`+Inf`, `NaN`), which JSON numbers cannot.
    """

    id: str
    alertname: str
    state: AlertState
    labels: dict[str, str]
    annotations: dict[str, str]
    value: str
    rule: str
    onset: int
    active_at_ms: int
    time_ms: int
    fired_at_ms: int | None = None
