"""What an API server answers where it does not do what is asked."""

from collections.abc import Mapping
from typing import Any

from tests.kubernetes_server.paths import group_of

Object = dict[str, Any]


class ApiStatus(Exception):
    """A `Status` as the answer."""

    def __init__(
        self, code: int, reason: str, message: str, details: Mapping[str, Any] | None = None, retry_after: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after
        self.body = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": dict(details or {}),
            "code": code,
        }


def not_found(resource: str, name: str) -> ApiStatus:
    return ApiStatus(404, "NotFound", f"{told(resource, name)} not found", details(resource, name))


def conflict(resource: str, name: str, why: str) -> ApiStatus:
    message = f"Operation cannot be fulfilled on {told(resource, name)}: {why}"
    return ApiStatus(409, "Conflict", message, details(resource, name))


def expired(message: str) -> ApiStatus:
    return ApiStatus(410, "Expired", message)


def details(resource: str, name: str) -> dict[str, str]:
    """What a `Status` is about."""
    group = group_of(resource)
    return {"name": name, **({"group": group} if group else {}), "kind": resource}


def told(resource: str, name: str) -> str:
    group = group_of(resource)
    return f'{resource}.{group} "{name}"' if group else f'{resource} "{name}"'


def invalid(resource: str, name: str, why: str) -> ApiStatus:
    return ApiStatus(422, "Invalid", f"{told(resource, name)} is invalid: {why}", details(resource, name))
