"""Programs of others that some tests run beside us. They come from Debian packages and are needed by nothing else."""

import os
import re
import shutil
import subprocess

import pytest


def installed(name: str, package: str, at_least: tuple[int, ...] = ()) -> str:
    """Where the program is. Skips the test where it is absent, except under `CI=true`: `.ci/run` has installed it.

    Skips too where it is older than the version that the test is about.
    """
    path = shutil.which(name)
    if path is None:
        message = f"there is no {name} here: Debian's package {package} has it"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    if at_least and (version := _version(path)) < at_least:
        pytest.skip(f"{name} is {_text(version)}, expected at least {_text(at_least)}")
    return path


def _version(path: str) -> tuple[int, ...]:
    printed = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=30)
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", printed.stdout + printed.stderr)
    assert found, printed
    return tuple(map(int, found.groups()))


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
