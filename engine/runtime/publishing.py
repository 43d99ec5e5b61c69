"""Small things that every publisher needs: the clock of this machine and fresh ids."""

import secrets
import time


def now_ms() -> int:
    """Unix milliseconds of this machine's clock."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """An id for something a person or a host asks for: 16 hex digits."""
    return secrets.token_hex(8)
