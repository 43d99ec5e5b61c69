"""Processes that must not outlive the one that started them."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with(owner: int) -> Callable[[], None]:
    """Have the kernel end the process when its owner dies (Linux; elsewhere the next start ends it).

    Runs between fork and exec, so everything that it needs is looked up before.
    """
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def arrange() -> None:
        if prctl:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != owner:
            os._exit(1)

    return arrange
