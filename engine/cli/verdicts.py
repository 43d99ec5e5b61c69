"""What `doctor` says about one thing."""

from typing import Literal

import msgspec


class Check(msgspec.Struct, frozen=True):
    """`fail`: something does not work. `warn`: it works, and a person should know. `remedy`: what to do about it."""

    name: str
    verdict: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""


def ok(name: str, detail: str) -> Check:
    return Check(name, "ok", detail)


def warn(name: str, detail: str, remedy: str) -> Check:
    return Check(name, "warn", detail, remedy)


def fail(name: str, detail: str, remedy: str) -> Check:
    return Check(name, "fail", detail, remedy)
