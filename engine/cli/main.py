"""`reflexarc`: the arguments of every command, and who carries it out.

Commands are imported when they run, so that an agent does not load the engine.
"""

import argparse
import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from engine.cli import logging, show
from engine.cli.config import ConfigError, load
from engine.cli.failure import CommandFailedError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status: 0 done, 1 failed, 2 wrong usage or configuration."""
    args = parsed(argv)
    logging.configure()
    try:
        config = load(args.config, os.environ, _overrides(args))
        command = getattr(importlib.import_module(f"engine.cli.{args.module}"), args.function)
        status = asyncio.run(_until_stopped(command(args, config)))
    except ConfigError as error:
        show.say(str(error), file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except CommandFailedError as error:
        show.say(str(error), file=sys.stderr)
        sys.exit(EXIT_FAILED)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(EXIT_FAILED)
    sys.exit(status)


async def _until_stopped(command: Coroutine[Any, Any, int | None]) -> int:
    """Run the command; SIGINT and SIGTERM cancel it, so that it can end in order."""
    task = asyncio.ensure_future(command)
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(stop, task.cancel)
    return await task or 0


def parsed(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments of a command line. What is given as NAME=VALUE may stand before and after options, which argparse
    does not take: it ends with the first option. Exits where anything is wrong."""
    args, left = parser().parse_known_args(argv)
    if hasattr(args, "given"):
        args.given += [each for each in left if "=" in each and not each.startswith("-")]
        left = [each for each in left if each not in args.given]
    if left:
        show.say(
            f"{args.prog}: there is no {' '.join(left)}; `{args.prog} --help` tells what there is", file=sys.stderr
        )
        sys.exit(EXIT_USAGE)
    return args


def parser() -> argparse.ArgumentParser:
    """All commands. Each sets `module` and `function`: who carries it out."""
    top = argparse.ArgumentParser(prog="reflexarc", description="A reflex arc for infrastructure.")
    top.add_argument("--config", type=Path, help="configuration file (default: reflexarc.toml, where there is one)")
    top.add_argument("--state-dir", type=Path, help="where this node keeps its state (default: .reflexarc)")
    top.add_argument("--nats", metavar="URL", help="bus to use, such as nats://host:4222")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _add_roles(commands)
    _add_rules(commands)
    _add_keys(commands)
    _add_looks(commands)
    _add_steering(commands)
    return top


ASKED = {
    "restart": "restart a workload",
    "scale": "scale a workload",
    "deploy": "deploy a version of a workload",
    "rollback": "roll a workload back",
    "collect": "keep evidence of a workload or node",
    "isolate": "freeze a workload, or put a replica aside",
    "release": "let an isolated workload or replica go on",
}
"""What a person can ask for."""

Commands = Any  # argparse names the type of its subparsers only in private


def _add(commands: Commands, name: str, where: str, summary: str, *, as_json: bool = False) -> argparse.ArgumentParser:
    module, _, function = where.partition(":")
    command: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    command.set_defaults(module=module, function=function, prog=command.prog)
    if as_json:
        command.add_argument("--json", action="store_true", help="print JSON")
    return command


def _add_roles(commands: Commands) -> None:
    _add(commands, "up", "up:up", "run everything on this machine: bus, agent, engine, actuators, example workloads")
    _add(commands, "demo", "demo:demo", "show two incidents being healed, in a temporary folder", as_json=True)
    for role in ("agent", "engine", "actuator"):
        _add(commands, role, f"{role}:run", f"run the {role} role against a bus")


def _add_rules(commands: Commands) -> None:
    rules = commands.add_parser("rules", help="check and test rule files, and trust rules more or less").add_subparsers(
        metavar="COMMAND", required=True
    )
    check = _add(rules, "check", "rules:check", "report every error of rule files, each with its place")
    check.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    check.add_argument("--coverage", action="store_true", help="list the rules over events that nobody feeds")
    check.add_argument(
        "--fed",
        action="append",
        metavar="PRODUCT/CATEGORY/SERVICE",
        help="a log source that is fed, such as linux//sshd (default: those that the engine has seen)",
    )
    test = _add(rules, "test", "rules:test", "run unit tests of rules, in promtool's format")
    test.add_argument("paths", nargs="+", type=Path, metavar="FILE", help="a test file, or a folder of *_test.yaml")
    test.add_argument("--on-arrival", action="store_true", help="on the live clock: samples are evaluated as they come")
    _add_trust_of_rules(rules)


def _add_trust_of_rules(rules: Commands) -> None:
    record = _add(rules, "record", "promote:record", "what is on record of a rule that acts", as_json=True)
    promote = _add(rules, "promote", "promote:promote", "show a rule's record, and raise its mode", as_json=True)
    for command in (record, promote):
        command.add_argument("rule", help="its name, or group/name")
    promote.add_argument("--to", choices=("shadow", "approve", "auto"), help="the mode (default: the next one)")
    promote.add_argument("--demote", action="store_true", help="lower it instead")
    promote.add_argument("--yes", action="store_true", help="do not ask")
    promote.add_argument("--show", action="store_true", help="only show the record")


def _add_keys(commands: Commands) -> None:
    keys = commands.add_parser("keys", help="the keys that engines sign commands with").add_subparsers(
        metavar="COMMAND", required=True
    )
    create = _add(keys, "create", "keys:create", "make a private key, and show its public half")
    create.add_argument("file", type=Path, metavar="FILE", help="a new file")
    shown = _add(keys, "show", "keys:show_", "show the public half of a private key", as_json=True)
    shown.add_argument("file", type=Path, nargs="?", metavar="FILE", help="(default: this machine's engine's)")
    for command in (create, shown):
        command.add_argument("--name", help="what the actuators are to call it")
    _add(keys, "list", "keys:list_", "whom this machine's actuators trust, and with what", as_json=True)
    rotate = _add(keys, "rotate", "keys:rotate", "a new key for this machine's engine, while everything runs")
    rotate.add_argument("--keep", default="10m", metavar="TIME", help="how long the old one is trusted (default: 10m)")


def _add_looks(commands: Commands) -> None:
    query = _add(commands, "query", "look:query", "evaluate a PromQL expression now", as_json=True)
    query.add_argument("expr")
    alerts = _add(commands, "alerts", "look:alerts", "active alerts", as_json=True)
    alerts.add_argument("--watch", action="store_true", help="follow every transition")
    listing = _add(commands, "commands", "look:commands", "newest commands and what became of them", as_json=True)
    listing.add_argument("--last", type=int, default=20, metavar="N")
    _add(commands, "status", "status:status", "what runs, what is known, what waits", as_json=True)
    why = _add(commands, "why", "why:why", "explain a command, ladder or alert, from sample to end", as_json=True)
    why.add_argument("id", help="id of it, or the first characters")
    why_not = _add(commands, "why-not", "why_not:why_not", "explain why a rule has not acted on a target", as_json=True)
    why_not.add_argument("rule", help="a rule that acts, or a playbook")
    why_not.add_argument("target", nargs="?", help="such as workload:shop or shop/0 (default: any)")
    why_not.add_argument("--last", type=int, default=10, metavar="N", help="so many past decisions (default: 10)")
    logs = _add(commands, "logs", "look:logs", "logs of the roles that `up` runs")
    logs.add_argument("role", nargs="?", help="only this role")
    logs.add_argument("-f", "--follow", action="store_true")
    logs.add_argument("-n", "--lines", type=int, default=20)
    _add_evidence(commands)
    _add(commands, "doctor", "doctor:doctor", "check this machine and the bus, and say what to do", as_json=True)


def _add_evidence(commands: Commands) -> None:
    evidence = commands.add_parser("evidence", help="what responses have collected").add_subparsers(
        metavar="COMMAND", required=True
    )
    _add(evidence, "list", "evidence:list_", "every bundle, and what it was collected for", as_json=True)
    show = _add(evidence, "show", "evidence:show", "what is in a bundle, if it is what the audit says", as_json=True)
    save = _add(evidence, "save", "evidence:save", "write a bundle to a file, if it is what the audit says")
    for command in (show, save):
        command.add_argument("id", help="its id, or the first characters")
    save.add_argument("--to", type=Path, metavar="FILE", help="a new file (default: evidence-ID.tar.gz)")


def _add_steering(commands: Commands) -> None:
    approve = _add(commands, "approve", "steer:approve", "let a waiting command go")
    approve.add_argument("command", help="id of the command, or its first characters")
    approve.add_argument("--deny", action="store_true", help="end its ladder instead; a response goes on without it")
    halt = _add(commands, "halt", "steer:halt", "stop all acts, at once")
    resume = _add(commands, "resume", "steer:resume", "end a halt")
    for command in (halt, resume):
        scope = command.add_mutually_exclusive_group()
        scope.add_argument("--target", default="*", help="only on this target, such as workload:shop")
        scope.add_argument("--rule", help="only those of this rule or playbook")
        scope.add_argument("--service", help="only on this service")
    halt.add_argument("--why", default="")
    emergency = _add(
        commands, "emergency", "steer:emergency", "tell everybody, and let only people and listed rules act"
    )
    emergency.add_argument("--why", default="")
    emergency.add_argument("--over", action="store_true", help="end it")
    _add_playbooks(commands)
    for verb, what in ASKED.items():
        act = _add(commands, verb, "act:act", f"{what}, through the same journal and audit as a rule")
        act.set_defaults(verb=verb)
        act.add_argument(
            "workload",
            help="its name, name/replica, or node:NAME; or what names it: namespace=shop deployment=web",
        )
        act.add_argument("given", nargs="*", metavar="NAME=VALUE", help="arguments of the verb, such as version=v2")
        act.add_argument("--why", default="")


def _add_playbooks(commands: Commands) -> None:
    playbook = commands.add_parser("playbook", help="run playbooks, and look at what became of them").add_subparsers(
        metavar="COMMAND", required=True
    )
    run = _add(playbook, "run", "playbook:run", "run a playbook, and follow it until it is over")
    run.add_argument("name", help="of the playbook")
    run.add_argument("given", nargs="*", metavar="NAME=VALUE", help="parameters, such as workload=shop")
    run.add_argument("--version", type=int, metavar="N", help="this version of it (default: the newest)")
    run.add_argument("--dry-run", action="store_true", help="only say what would be done")
    run.add_argument("--why", default="")
    listing = _add(playbook, "list", "playbook:list_", "the playbooks there are, and their last runs", as_json=True)
    listing.add_argument("--last", type=int, default=20, metavar="N", help="so many runs (default: 20, at most 100)")
    show = _add(playbook, "show", "playbook:show", "a playbook with its steps, or a run with all it did", as_json=True)
    show.add_argument("what", metavar="NAME|RUN", help="a name, name@version, or the first characters of a run's id")
    abort = _add(playbook, "abort", "playbook:abort", "end a run at its next step, and compensate for what it did")
    abort.add_argument("run", metavar="RUN", help="its id, or the first characters")
    abort.add_argument("--why", default="")


def _overrides(args: argparse.Namespace) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if args.state_dir:
        given["state_dir"] = args.state_dir
    if args.nats:
        given["nats"] = {"url": args.nats}
    return given


if __name__ == "__main__":
    main()
