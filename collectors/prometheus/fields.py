"""The kinds of values that Prometheus' configuration is made of: durations, sizes, secrets; and what is refused."""

import os
import re
from collections.abc import Set
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.durations import duration_ms
from schemas.wording import shown

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:([KMGTPE])i?)?B")
_VARIABLE = "env:"
_FILE = "file:"


def _duration(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(f"expected a duration such as 5m, got {shown(value)}")
    return duration_ms(value)


def _size_bytes(value: Any) -> Any:
    """As Prometheus has it, `KB` and `KiB` are both 1024 bytes."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value)
    if found is None:
        raise ValueError(f"expected a size such as 10MB, got {shown(value)}")
    return int(float(found[1]) * 1024 ** (" KMGTPE".index(found[2] or " ")))


def _secret(value: str) -> str:
    if not is_reference(value):
        raise ValueError(
            "expected env:NAME or file:PATH; a secret does not stand in a configuration, but in a variable or a file"
        )
    return value


def is_reference(value: str) -> bool:
    """Whether it says where a secret is, and is not itself one."""
    return value.startswith((_VARIABLE, _FILE))


DurationMs = Annotated[int, BeforeValidator(_duration), Field(gt=0)]
SizeBytes = Annotated[int, BeforeValidator(_size_bytes), Field(ge=0)]
SecretRef = Annotated[str, AfterValidator(_secret)]
"""`env:NAME`, the environment variable that holds the secret, or `file:PATH`, the file."""


def read_secret(reference: str | None, file: Path | None = None) -> str:
    """The secret as it is now, "" where neither source is given: files are rotated while we run.

    Raises OSError or ValueError naming what is missing.
    """
    if file is None and reference is not None and reference.startswith(_FILE):
        file = Path(reference.removeprefix(_FILE))
    if file is not None:
        secret = file.read_text(encoding="utf-8").strip()
    elif reference is not None:
        name = reference.removeprefix(_VARIABLE)
        if name not in os.environ:
            raise ValueError(f"environment variable {name} is not set")
        secret = os.environ[name]
    else:
        return ""
    if not secret.isprintable():
        # Refused here, for the HTTP library would quote it in its error.
        raise ValueError(f"the secret in {file or reference} holds a line break or a control character")
    return secret


def refuse(data: Any, unsupported: Set[str]) -> Any:
    """`data` as it is, unless it has fields that Prometheus knows and we do not support: ValueError names them."""
    if isinstance(data, dict) and (found := sorted(unsupported & data.keys())):
        raise ValueError(f"fields of Prometheus that are not supported: {', '.join(found)}")
    return data
