"""What goes wrong between a client and the API server, drawn from a seed: one draw for each request."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.kubernetes_server.paths import Request
from tests.kubernetes_server.statuses import ApiStatus

Fault = Literal[
    "none",
    "error before",
    "error after",
    "conflict",
    "busy",
    "reset before",
    "reset after",
    "silence after",
    "silence before",
    "webhook",
    "webhook fails",
]
"""`before` and `after` say whether the request had its effect; `silence` is no answer until the client gives up.
A `webhook` that has to be asked, and cannot be or fails itself, is never drawn: it goes on for as long as it does."""
WRITES: Mapping[Fault, float] = {
    "none": 0.5,
    "error before": 0.08,
    "error after": 0.08,
    "conflict": 0.08,
    "busy": 0.08,
    "reset before": 0.06,
    "reset after": 0.08,
    "silence after": 0.03,
    "silence before": 0.01,
}
READS: Mapping[Fault, float] = {"none": 0.85, "error before": 0.06, "busy": 0.03, "reset before": 0.06}


@dataclass
class Faults:
    """Draws of one seed. It is over when `most` requests were spoiled, so that all that can end well does."""

    seed: int | None = None
    most: int = 12
    happened: list[tuple[Request, Fault]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self, request: Request) -> Fault:
        if self.seed is None or len(self.happened) >= self.most or request.verb == "watch":
            return "none"
        odds = READS if request.verb in ("get", "list") else WRITES
        (drawn,) = self._random.choices(list(odds), list(odds.values()))
        if drawn != "none":
            self.happened.append((request, drawn))
        return drawn


NO_FAULTS = Faults()


class Reset(Exception):
    """The connection is to be reset."""


def spoil_before(fault: Fault) -> None:
    """Raises what comes in place of the effect."""
    match fault:
        case "reset before":
            raise Reset
        case "error before":
            raise ApiStatus(500, "InternalError", "an error on the server has prevented the request from succeeding")
        case "webhook":
            told = 'Internal error occurred: failed calling webhook "policy.shop.example": no endpoints available'
            raise ApiStatus(500, "InternalError", told)
        case "webhook fails":
            raise ApiStatus(
                500, "", 'admission webhook "policy.shop.example" denied the request: the policies are not read'
            )
        case "conflict":
            raise ApiStatus(409, "Conflict", "Operation cannot be fulfilled: the object has been modified")
        case "busy":
            raise ApiStatus(429, "TooManyRequests", "too many requests, please try again later", retry_after="0")


GARBLED: tuple[Any, ...] = (
    None,
    [],
    "text",
    {},
    {"type": "ADDED"},
    {"type": "ERROR"},
    {"type": "ERROR", "object": None},
    {"type": "ERROR", "object": {}},
    {"type": "ERROR", "object": {"code": "text", "details": "text"}},
    {"type": "ADDED", "object": "text"},
    {"type": "ADDED", "object": {}},
    {"type": "ADDED", "object": {"metadata": {}}},
    {"type": "DELETED", "object": {"metadata": {"resourceVersion": "5"}}},
    {"object": {"metadata": {"name": "x", "uid": "u", "resourceVersion": "5"}}},
    {"type": "BOOKMARK", "object": {"metadata": None}},
)
"""What is JSON, and no event of a watch."""
