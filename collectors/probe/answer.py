"""Whether an HTTP answer is as the module says that it should be. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from collectors.probe.fields import regexp_of
from collectors.probe.found import ProbeFailed
from collectors.probe.modules import HeaderMatch, HttpModule


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    version: str
    """Such as `HTTP/1.1`."""
    tls: bool
    headers: httpx.Headers
    body: bytes


def judge(answer: Answer, module: HttpModule) -> None:
    """Raises `ProbeFailed` saying the first thing that is not as it should be."""
    _judge_protocol(answer, module)
    _judge_headers(answer.headers, module)
    _judge_body(answer.body, module)


def timestamp(text: str) -> float | None:
    """The Unix seconds of a date in a header; None for what is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None


def _judge_protocol(answer: Answer, module: HttpModule) -> None:
    valid = module.valid_status_codes
    if answer.status not in valid if valid else answer.status // 100 != 2:
        raise ProbeFailed(f"expected status {_listed(valid) or '2xx'}, got {answer.status}")
    if module.valid_http_versions and answer.version not in module.valid_http_versions:
        raise ProbeFailed(f"expected {_listed(module.valid_http_versions)}, got {answer.version}")
    if module.fail_if_ssl and answer.tls:
        raise ProbeFailed("the final answer came by TLS (fail_if_ssl)")
    if module.fail_if_not_ssl and not answer.tls:
        raise ProbeFailed("the final answer did not come by TLS (fail_if_not_ssl)")


def _judge_headers(headers: httpx.Headers, module: HttpModule) -> None:
    for match in module.fail_if_header_matches:
        if any(_values(headers, match, missing=False)):
            raise ProbeFailed(f"header {match.header} matches {match.regexp}", regexp=True)
    for match in module.fail_if_header_not_matches:
        if not any(_values(headers, match, missing=True)):
            raise ProbeFailed(f"header {match.header} does not match {match.regexp}", regexp=True)


def _values(headers: httpx.Headers, match: HeaderMatch, *, missing: bool) -> list[bool]:
    """Whether each value of the header matches. One that is missing and need not be there is as well as can be;
    `missing` says what that is. One that must be there fails either way."""
    values = headers.get_list(match.header)
    if not values:
        return [missing] if match.allow_missing else [not missing]
    pattern = regexp_of(match.regexp)
    return [pattern.occurs(value) for value in values]


def _judge_body(body: bytes, module: HttpModule) -> None:
    if not module.fail_if_body_matches_regexp and not module.fail_if_body_not_matches_regexp:
        return
    text = body.decode(errors="replace")
    for pattern in module.fail_if_body_matches_regexp:
        if regexp_of(pattern).occurs(text):
            raise ProbeFailed(f"the body matches {pattern}", regexp=True)
    for pattern in module.fail_if_body_not_matches_regexp:
        if not regexp_of(pattern).occurs(text):
            raise ProbeFailed(f"the body does not match {pattern}", regexp=True)


def _listed(values: Iterable[object]) -> str:
    return " or ".join(map(str, values))
