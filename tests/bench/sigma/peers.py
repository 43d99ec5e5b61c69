"""Other rule engines, run by a Python of their own, so that nothing of theirs is installed where ours is."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

VARIABLE = "REFLEXARC_PEERS"
_TIMEOUT_S = 600


def ask(package: str, question: Any) -> Any:
    """The answer of `beside_PACKAGE.py`; None, and a word why, where the package is not there."""
    python = os.environ.get(VARIABLE)
    if not python:
        sys.stderr.write(f"{package} is absent: {VARIABLE} names no Python that has it\n")
        return None
    if subprocess.run([python, "-c", f"import {package}"], capture_output=True, check=False).returncode:
        sys.stderr.write(f"{package} is absent: {python}, which {VARIABLE} names, has it not\n")
        return None
    script = Path(__file__).with_name(f"beside_{package}.py")
    answered = subprocess.run(
        [python, str(script)], input=msgspec.json.encode(question), capture_output=True, timeout=_TIMEOUT_S, check=False
    )
    if answered.returncode:
        raise RuntimeError(f"{script.name} failed: {answered.stderr.decode()[-2000:]}")
    return msgspec.json.decode(answered.stdout)
