"""What can be wrong with a request, by the names and statuses that Prometheus' API has for it."""

from typing import Literal

TIMED_OUT = "query timed out in expression evaluation"

ErrorType = Literal["bad_data", "execution", "internal", "not_found", "timeout", "unavailable"]

_STATUS: dict[ErrorType, int] = {
    "bad_data": 400,
    "execution": 422,
    "internal": 500,
    "not_found": 404,
    "timeout": 503,
    "unavailable": 503,
}


class ApiError(Exception):
    """The text is for whoever asked."""

    def __init__(self, kind: ErrorType, text: str) -> None:
        super().__init__(text)
        self.kind = kind

    @property
    def status(self) -> int:
        return _STATUS[self.kind]


def bad_parameter(name: str, problem: object) -> ApiError:
    return ApiError("bad_data", f'invalid parameter "{name}": {problem}')
