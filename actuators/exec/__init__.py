"""Actuator `exec`: runs programs that the configuration declares, with arguments that it allows, within limits.

Read top-down: `config` (what may be run), `actuators.parameters` (what a command may say to it), `actuator` (the host's
side), `runs` (each is started once, whatever dies) and `runner` (a process of its own that keeps the limits).

No shell is involved, and a value of a command is never more than a part of one argument. What a program that is
declared makes of its arguments is its own affair: declare none that takes them for code.
"""

from actuators.exec.actuator import COMMAND, REVERT, RUN, build
from actuators.exec.config import LONGEST_S, ExecConfig
from schemas.plugins import ActuatorSpec, VerbSpec

_TIMEOUT_MS = (LONGEST_S + 10) * 1000
_PERMISSIONS = ("to run the declared program, as its declared user", "to write its state directory")
_CUT = "a run whose runner was killed, as by a loss of power, may have done all of it or a part"

EXAMPLE = """\
exec:
  commands:
    vacuum-journal:
      argv: ["/usr/bin/journalctl", "--vacuum-size={size}"]
      parameters:
        size: {type: text, pattern: "[1-9][0-9]{0,4}[KMG]", default: 500M}
      timeout_s: 60
    drop-cache:
      argv: ["/usr/local/bin/drop-cache", "--", "{folder}"]
      parameters:
        folder: {type: path, roots: [/var/cache/shop]}
      user: shop
      environment: {TOKEN: "file:/etc/reflexarc/cache-token"}
      memory_bytes: 268435456
"""

SPEC = ActuatorSpec(
    name="exec",
    summary="Runs declared programs with declared arguments: no shell, and nothing that is not declared.",
    config=ExecConfig,
    verbs=(
        VerbSpec(
            name="run",
            summary="Run a declared command with its parameters.",
            targets={COMMAND: (COMMAND,)},
            condition=("definition", "runs"),
            timeout_ms=_TIMEOUT_MS,
            undo=REVERT,
            open=True,
            permissions=_PERMISSIONS,
            unmarked=_CUT,
        ),
        VerbSpec(
            name=REVERT,
            summary="Undo a run by the command that is declared for it, as long as that was not run again since.",
            targets={RUN: (COMMAND, RUN)},
            condition=("state", "runs"),
            timeout_ms=_TIMEOUT_MS,
            permissions=_PERMISSIONS,
            unmarked=_CUT,
        ),
    ),
    build=build,
    example=EXAMPLE,
)
