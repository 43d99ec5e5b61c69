"""The container file, as far as that can be told without a container engine: it was never built here."""

import json
import re
import shlex
import tomllib
from typing import NamedTuple

from engine.cli.config import load
from engine.cli.main import parser
from tests.deploy.paths import CONTAINER, ROOT

KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "ENTRYPOINT", "CMD"}


class Instruction(NamedTuple):
    name: str
    words: list[str]


def instructions() -> list[Instruction]:
    lines = (CONTAINER / "Containerfile").read_text(encoding="utf-8").splitlines()
    split = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [
        Instruction(name, json.loads(rest) if rest.startswith("[") else shlex.split(rest)) for name, _, rest in split
    ]


def words_of(name: str) -> list[list[str]]:
    return [instruction.words for instruction in instructions() if instruction.name == name]


def copied() -> set[str]:
    """What the build takes from the repository."""
    return {word for words in words_of("COPY") if not words[0].startswith("--from") for word in words[:-1]}


def test_every_instruction_is_known() -> None:
    """A slip in the name of an instruction shows here and not in the first build."""
    assert {instruction.name for instruction in instructions()} <= KNOWN


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    """Every source is in the repository and let through by the ignore file, which lets through nothing else."""
    assert all((ROOT / source).exists() for source in copied())
    let_through = re.findall(r"^!(.+)$", (CONTAINER / "containerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(let_through) == copied()


def test_every_package_is_copied() -> None:
    """A new top-level package cannot be forgotten in the image."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    assert {package.partition(".")[0] for package in packages} <= copied()


def test_only_hashed_files_are_installed() -> None:
    """What is downloaded is checked against its hash, and the installation cannot download anything."""
    download, install = [words for words in words_of("RUN") if "pip" in words[0]]
    assert download[:2] == ["pip", "download"]
    assert "--require-hashes" in download
    assert download[download.index("--requirement") + 1] == "deploy/requirements.txt"
    assert "--no-index" in install
    assert install[install.index("--find-links") + 1] == download[download.index("--dest") + 1]


def test_it_runs_as_nobody_special() -> None:
    """The last user is set by number, and is not root."""
    user, _, group = words_of("USER")[-1][0].partition(":")
    assert int(user) > 0
    assert int(group) > 0


def test_state_goes_to_the_volume() -> None:
    """The configuration's own environment variable puts all state below the volume; the rest can be read-only."""
    ((volume,),) = words_of("VOLUME")
    env = dict(word.split("=", 1) for words in words_of("ENV") for word in words)
    assert str(load(None, env, {}).state_dir) == volume


def test_every_role_is_a_command_of_the_entry_point() -> None:
    """`reflexarc` is the entry point, so that the command after the image's name is the role."""
    assert words_of("ENTRYPOINT") == [["reflexarc"]]
    for role in ("agent", "engine", "actuator"):
        assert parser().parse_args([role]).module == role
