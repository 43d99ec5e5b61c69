"""What the configuration of `exec` declares: programs with their arguments, and within which limits they run."""

import hashlib
import os
import pwd
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field, model_validator

from actuators.parameters import Declared, IntegerParameter, Template, TextParameter
from schemas.plugins import EffectFailed, PluginConfig
from schemas.secrets import SecretText
from schemas.wording import shown

LONGEST_S = 300

_SHELLS = frozenset({"sh", "ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "mksh", "tcsh", "zsh"})

CommandName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class CommandConfig(Declared):
    """A program, by its absolute path, with its arguments: each is one element of `argv`, and there is no shell. In
    elements after the first, `{name}` stands for a parameter. A value that begins with `-` is refused but where its
    parameter says `leading_dash`; one by a pattern must then stand after `--` or within an element.

    The program gets the variables of `environment`, whose values may be [secrets](operations.md#secrets), and those
    of `inherit` as the actuator has them. It runs in `directory` and as `user`, by default the actuator's. After
    `timeout_s` it is killed with all that it started; `cpu_s`, `memory_bytes` (address space) and `file_bytes` (of one
    file) are limits of each process. The last `output_bytes` of what it says are kept. An exit status that is not in
    `success` is a failure. `undo` names the command that undoes it, which gets those of its arguments that it knows.
    """

    argv: list[str] = Field(min_length=1)
    environment: dict[VariableName, SecretText] = Field(default={})
    inherit: list[VariableName] = Field(default=[])
    directory: Path = Path("/")
    user: str | None = None
    timeout_s: float = Field(default=30.0, gt=0, le=LONGEST_S)
    cpu_s: int | None = Field(default=None, ge=1)
    memory_bytes: int | None = Field(default=None, ge=1 << 20)
    file_bytes: int | None = Field(default=None, ge=0)
    output_bytes: int = Field(default=16_384, ge=0, le=1 << 20)
    success: list[Annotated[int, Field(ge=0, le=255)]] = Field(default=[0], min_length=1)
    undo: str | None = None

    @model_validator(mode="after")
    def _check(self) -> "CommandConfig":
        templates = self.templates
        program = PurePosixPath(self.argv[0])
        if templates[0].names or not program.is_absolute():
            raise ValueError(f"argv: expected the absolute path of a program first, got {self.argv[0]!r}")
        if program.name in _SHELLS and "-c" in self.argv:
            raise ValueError("argv: expected a program, got a line for a shell: put it into a script of its own")
        used = {name for template in templates for name in template.names}
        if unknown := sorted(used - self.parameters.keys()):
            raise ValueError(f"argv: there is no parameter {', '.join(unknown)}")
        if spare := sorted(self.parameters.keys() - used):
            raise ValueError(f"parameters: argv does not use {', '.join(spare)}")
        self._check_dashes(templates)
        if not self.directory.is_absolute():
            raise ValueError(f"directory: expected an absolute path, got {str(self.directory)!r}")
        return self

    def _check_dashes(self, templates: list[Template]) -> None:
        """A pattern that lets a dash through lets any option through, where one is looked for."""
        options_end = self.argv.index("--") if "--" in self.argv else len(self.argv)
        for template in templates[:options_end]:
            before, name = template.parts[0] if template.parts else ("", None)
            parameter = self.parameters[name] if name else None
            if before.strip("-") or not isinstance(parameter, TextParameter):
                continue
            if before or parameter.leading_dash:
                raise ValueError(
                    f"argv: {template.text!r} may become any option: put -- before it, or declare a choice"
                )
        for name, parameter in self.parameters.items():
            if isinstance(parameter, IntegerParameter) and parameter.min < 0 and not parameter.leading_dash:
                raise ValueError(f"parameters.{name}: a number below zero begins with -, so it needs leading_dash")

    @property
    def templates(self) -> list[Template]:
        return [Template(element) for element in self.argv]

    def filled(self, values: Mapping[str, str | int]) -> list[str]:
        """The arguments with these values. Raises `EffectFailed` for one that became an option by what was left empty
        before a dash."""
        filled = [template.fill(values) for template in self.templates]
        for template, element in zip(self.templates, filled, strict=True):
            before, name = template.parts[0] if template.parts else ("", None)
            may_begin = before or name is None or self.parameters[name].leading_dash
            if element.startswith("-") and not may_begin:
                raise EffectFailed(f"argv: expected no option of {template.text!r}, got {shown(element)}")
        return filled

    @property
    def definition(self) -> str:
        """A digest of what it does: a decision about another definition is not carried out."""
        return hashlib.blake2b(repr(self).encode(), digest_size=6).hexdigest()


class ExecConfig(PluginConfig):
    """The commands by name."""

    commands: dict[CommandName, CommandConfig] = Field(default={})

    @model_validator(mode="after")
    def _check(self) -> "ExecConfig":
        for name, command in self.commands.items():
            if command.undo is None:
                continue
            other = self.commands.get(command.undo)
            if other is None or command.undo == name:
                raise ValueError(f"commands.{name}.undo: expected another command, got {command.undo!r}")
            needed = {key for key, each in other.parameters.items() if each.default is None}
            if missing := sorted(needed - command.parameters.keys()):
                raise ValueError(
                    f"commands.{name}.undo: {command.undo} needs {', '.join(missing)}, which {name} has not"
                )
        return self


def user_id(name: str) -> tuple[int, int]:
    """The user and group that a command is to run as. Raises `ValueError` where it cannot be."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise ValueError(f"there is no user {name!r}") from None
    if found.pw_uid != os.geteuid() and os.geteuid() != 0:
        raise ValueError(f"only root can run a program as {name!r}")
    return found.pw_uid, found.pw_gid
