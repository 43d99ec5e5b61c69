"""`reflexarc rules record` and `rules promote`: what a rule has to show for itself, and one step more trust, or less.

The mode is changed where it is written, in the rule's file, which is looked for among `engine.rules`. A running engine
takes the edit up as any other.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.cli import rule_record, show
from engine.cli.config import Config
from engine.cli.connect import connected
from engine.cli.failure import CommandFailedError
from engine.cli.history import read_audit
from engine.cli.rule_record import Record
from engine.core.explain.names import Acting, meant, rules_named
from engine.core.program import HealRule, Playbook, Program
from engine.core.scaling.rule import ScaleRule
from engine.rulefile import RuleErrors, SigmaCache, load_all, read
from engine.rulefile.edit import NotEditableError, find, with_mode
from engine.rulefile.edit import Path as Place
from engine.rulefile.yamlparse import YamlError
from engine.runtime.publishing import now_ms
from engine.runtime.registry import actuators, verbs

MODES = ("shadow", "approve", "auto")
"""By how much a rule is trusted."""


class Found(NamedTuple):
    """A rule, the file it is in with its text, and where in it."""

    rule: HealRule | ScaleRule
    origin: str
    file: str
    text: str
    place: Place

    @property
    def kind(self) -> str:
        return "scale" if isinstance(self.rule, ScaleRule) else self.rule.kind

    @property
    def alertname(self) -> str:
        return "" if isinstance(self.rule, ScaleRule) else self.rule.alert


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What was changed."""

    file: str
    before: str
    after: str


async def record(args: argparse.Namespace, config: Config) -> None:
    """Show what is on record of a rule."""
    texts, program = _loaded(config)
    found = _rule(texts, program, args.rule)
    shown = await _record(config, program, found)
    if args.json:
        show.as_json({"mode": found.rule.mode, "source": found.rule.source, "record": shown})
        return
    _show(found, shown)


async def promote(args: argparse.Namespace, config: Config) -> None:
    """Show a rule's record, and after a yes write its next mode into its file. Raises `CommandFailedError`."""
    if args.show:
        await record(args, config)
        return
    texts, program = _loaded(config)
    found = _rule(texts, program, args.rule)
    mode = next_mode(found.rule.mode, args.to, demote=args.demote)
    shown = await _record(config, program, found)
    if not args.json:
        _show(found, shown)
    if not (args.yes or _confirmed(f"{found.origin}: {found.rule.mode} → {mode}?")):
        raise CommandFailedError("nothing was changed")
    edit = await asyncio.to_thread(_written, config, texts, found, mode)
    if args.json:
        show.as_json({"mode": mode, "source": found.rule.source, "record": shown, "edit": edit})
        return
    show.say(f"{edit.file}: mode of {found.origin}: {edit.before} → {edit.after}")
    show.say(f"An engine that reads this file follows by itself. Have it reviewed and kept: git add {edit.file}")


def next_mode(mode: str, to: str | None, *, demote: bool) -> str:
    """The mode after this one, upwards or downwards, or the one that is named if it lies that way.

    Raises `CommandFailedError`.
    """
    at, step = MODES.index(mode), -1 if demote else 1
    if to is None:
        if not 0 <= at + step < len(MODES):
            raise CommandFailedError(
                f"the rule is in mode {mode} already: there is none {'below' if demote else 'above'}"
            )
        return MODES[at + step]
    if to == mode:
        raise CommandFailedError(f"the rule is in mode {mode} already")
    if (MODES.index(to) > at) == demote:
        with_, way = ("without", "raise") if demote else ("with", "lower")
        raise CommandFailedError(f"from {mode} to {to} would {way} it: ask for that {with_} --demote")
    return to


# --- the rule ---


def _loaded(config: Config) -> tuple[dict[str, str], Program]:
    try:
        texts = read(config.engine.rules)
        return texts, load_all(texts, verbs(actuators()), SigmaCache(config.state_dir / "rules")).program
    except RuleErrors as errors:
        raise CommandFailedError(f"the rules have mistakes, which come first:\n{errors}") from errors


def _rule(texts: dict[str, str], program: Program, name: str) -> Found:
    named = rules_named(program, name)
    if len(named) != 1:
        raise CommandFailedError(_not_one(program, name, named))
    rule = named[0].rule
    if isinstance(rule, Playbook):
        raise CommandFailedError(f"{name} is a playbook, which has no mode: a rule that runs it has")
    kind = "scale" if isinstance(rule, ScaleRule) else rule.kind
    file = rule.source.rpartition(":")[0]
    place = find(texts[file], rule.group, kind, rule.name)
    if place is None:
        raise CommandFailedError(f"{rule.source}: the rule is not written there as one of its own")
    return Found(rule, named[0].origin, file, texts[file], place)


def _not_one(program: Program, name: str, named: list[Acting]) -> str:
    if named:
        return f"several groups have a rule {name}: {' or '.join(each.origin for each in named)}?"
    suggested = meant(program, name)
    return f"no rule that acts is named {name!r}" + (f"; did you mean {' or '.join(suggested)}?" if suggested else "")


async def _record(config: Config, program: Program, found: Found) -> Record:
    changing = {name for name, offered in program.verbs.items() if any(each.changes_target for each in offered)}
    async with connected(config) as bus:
        return rule_record.record_of(await read_audit(bus), found.origin, found.alertname, changing)


def _show(found: Found, shown: Record) -> None:
    on = f", on {found.alertname}" if found.alertname else ""
    show.say(f"{found.origin} ({found.kind}, {found.rule.mode}, {found.rule.source}){on}:")
    for line in rule_record.lines(shown, now_ms()):
        show.say(line)


# --- the edit ---


def _confirmed(question: str) -> bool:
    """What a person at a terminal says. Raises `CommandFailedError` where there is nobody to ask."""
    if not sys.stdin.isatty():
        raise CommandFailedError("there is no terminal to ask at: say --yes to change the mode")
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)  # the loop waits, too, and could not be stopped
    show.say(question)
    print("[y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _written(config: Config, texts: dict[str, str], found: Found, mode: str) -> Edit:
    """Write the mode into the rule's file, if all rules are without mistakes then."""
    path = Path(found.file).resolve()  # what a link leads to is changed, and not the link
    try:
        content = path.read_bytes()
        text = content.decode()
        if text != found.text:
            raise CommandFailedError(f"{found.file} has changed meanwhile: nothing was changed")
        after = with_mode(text, found.place, mode)
        load_all(texts | {found.file: after}, verbs(actuators()), SigmaCache(config.state_dir / "rules"))
        _replace(path, after.encode())
    except (NotEditableError, YamlError, UnicodeDecodeError) as error:
        raise CommandFailedError(f"{found.rule.source}: edit it yourself: {error}") from error
    except RuleErrors as errors:
        raise CommandFailedError(f"in mode {mode} the rules would have mistakes:\n{errors}") from errors
    except OSError as error:
        raise CommandFailedError(f"{found.file}: cannot be written: {error.strerror}") from error
    return Edit(file=found.file, before=found.rule.mode, after=mode)


def _replace(path: Path, content: bytes) -> None:
    """All of the file or nothing, with the permissions it has. What is hidden is no rule file meanwhile."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(path, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
