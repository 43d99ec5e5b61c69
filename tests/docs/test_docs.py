"""What the pages say can be followed: links, files, commands, rules, settings."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from engine.cli.config import Config
from engine.cli.main import parser
from engine.rulefile import load
from engine.runtime.registry import actuators, verbs
from tests.docs.pages import PAGES, ROOT, blocks, prose, spans

FILE = re.compile(r"(deploy|docs|engine|schemas|actuators|collectors|tests)/[\w./-]*")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
MACHINE = re.compile(
    r"/w[o]rk\b|/t[m]p/|/r[o]ot/|/h[o]me/|[a-z0-9-]*\.?p[y](?:thonhosted|pi)\.[o]rg|(?:d[o]cker|g[h]cr|q[u]ay|g[c]r)\.[i]o\b"
)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def commands(page: Path) -> Iterator[str]:
    """Every command line of `reflexarc`, in the prose and in the blocks, where `rx` may stand for it."""
    yield from (span for span in spans(page) if span.startswith("reflexarc "))
    for _, text in blocks(page):
        for line in text.splitlines():
            if found := re.match(r"(?:\$ )?(?:\.venv/bin/)?(?:reflexarc|rx) (.+)", line.strip()):
                yield f"reflexarc {found[1]}"


def accepted(arguments: list[str]) -> bool:
    """Whether the command line takes them, or shows the help that was asked for."""
    try:
        parser().parse_args(arguments)
    except SystemExit as stopped:
        return stopped.code == 0
    return True


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link is to a file of the repository."""
    targets = [target for target in LINK.findall(prose(page)) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@each_page
def test_files_that_are_named_exist(page: Path) -> None:
    """A path of the repository that is set as code is there."""
    named = [span for span in spans(page) if FILE.fullmatch(span)]
    assert [path for path in named if not (ROOT / path).exists()] == []


@each_page
def test_commands_can_be_typed(page: Path) -> None:
    """The command line takes every command as it is shown; one that is only named needs no arguments."""
    for command in commands(page):
        _, *arguments = shlex.split(command, comments=True)
        named = ["--help"] if len(arguments) == 1 and command in spans(page) else []
        assert accepted([*arguments, *named]), f"{page.name}: {command}"


@each_page
def test_rules_that_are_shown_load(page: Path) -> None:
    """A block that is a rule file or a playbook has no mistake in it, beside the playbooks that the page shows."""
    known = verbs(actuators())
    shown = (text for language, text in blocks(page) if language == "yaml" and text.startswith("playbook:"))
    playbooks = {f"{nth}.yaml": text for nth, text in enumerate(shown)}
    for language, text in blocks(page):
        if language == "yaml" and text.startswith("groups:"):
            load({page.name: text, **playbooks}, known)
    load(playbooks, known)


@each_page
def test_no_machine_is_named(page: Path) -> None:
    """No page holds a path of somebody's machine, or the host of a registry."""
    assert MACHINE.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("folder", ["deploy", ".ci"])
def test_no_machine_is_named_in_what_is_deployed(folder: str) -> None:
    """Nor does any file that is deployed."""
    for file in (ROOT / folder).rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            assert MACHINE.findall(file.read_text(encoding="utf-8")) == [], file


def test_every_setting_is_documented() -> None:
    """The table in operations.md has every key of the configuration, and no other."""
    rows = re.findall(
        r"^\| `([a-z_.]+)` \|", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == list(_keys(Config))


def test_the_example_configuration_is_valid() -> None:
    """Its keys are the documented ones."""
    text = (ROOT / "deploy" / "example" / "reflexarc.toml").read_text(encoding="utf-8")
    Config.model_validate(tomllib.loads(text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_configuration_that_a_page_shows_is_valid(page: Path) -> None:
    """Whoever copies it is not told that there is no such setting. Vector's, in which `sinks` are, is not ours."""
    for language, text in blocks(page):
        if language == "toml" and "sinks" not in (shown := tomllib.loads(text)):
            Config.model_validate(shown)


def _keys(model: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, f"{above}{name}.")
        else:
            yield above + name
