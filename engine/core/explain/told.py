"""What is told: values to be printed, or sent. Times are Unix milliseconds of the journal."""

import msgspec

from schemas.reasons import Reason


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """One reason, until when it holds as far as that is known, and where it is written, such as `policy.yaml:9`."""

    reason: Reason
    detail: str = ""
    until_ms: int | None = None
    source: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one guardrail says: every objection of it, none where it lets the step pass. `detail` is how much room there
    is. `asked` is false where there is nothing to ask it about.
    """

    guardrail: str
    asks: str
    objections: tuple[Why, ...] = ()
    detail: str = ""
    asked: bool = True


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running ladder is, and what it waits for. `waits_as` is by what people let it go, where it asks them."""

    ladder: str
    target: str
    phase: str
    step: int
    of: int
    why: Why
    does: str = ""
    alert: str = ""
    waits_as: str = ""


class Nearest(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that the rule acts on: active for these labels `since_ms`, and then about `target`; or, without labels,
    its rule, which has none. `why` is what is missing for it to fire.
    """

    alertname: str
    source: str
    state: str
    why: Why | None = None
    labels: dict[str, str] = {}
    alert: str = ""
    ladder: str = ""
    target: str = ""
    since_ms: int | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why `rule` has not acted on `target`: first what matters most. Empty fields are what is not known or not asked.

    `does` is what it would do, `suggestions` what was probably meant by a name that there is not. Of `ladders` and
    `alerts` those about the target come first, and there are `more` of them than are listed.
    """

    now_ms: int
    rule: str
    target: str = ""
    kind: str = ""
    mode: str = ""
    source: str = ""
    alertname: str = ""
    why: tuple[Why, ...] = ()
    suggestions: tuple[str, ...] = ()
    does: str = ""
    guardrails: tuple[Verdict, ...] = ()
    ladders: tuple[Standing, ...] = ()
    more_ladders: int = 0
    alerts: tuple[Nearest, ...] = ()
    more_alerts: int = 0
