"""What a guardrail answers."""

from typing import NamedTuple

from schemas.reasons import Reason


class Hold(NamedTuple):
    """Why a step must wait. `until_ms` None: until something happens that wakes the ladder, such as that an act is over
    that counted for `on`. People are told of what is held for `tell`, once while that lasts. `source` is where the
    policy or the rule says so, such as `policy.yaml:9`, empty where a person did.
    """

    reason: Reason
    detail: str = ""
    until_ms: int | None = None
    on: str = ""
    tell: str = ""
    source: str = ""


class Never(NamedTuple):
    """Why a step must not be taken at all; the next one is. `source` and `tell` as of a `Hold`."""

    reason: Reason
    detail: str = ""
    source: str = ""
    tell: str = ""
