"""How values are written in a configuration."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from schemas.durations import duration_ms


def _duration(value: Any) -> Any:
    return duration_ms(value) if isinstance(value, str) else value


DurationMs = Annotated[int, BeforeValidator(_duration), Field(ge=0)]
"""Milliseconds, written as `500ms` or `5m`."""
