"""`reflexarc rules`: work on rule files, without a bus."""

import argparse
import asyncio
import sys

from engine.cli import coverage, show
from engine.cli.config import Config
from engine.rulefile import RuleErrors, SigmaCache, load_all, read
from engine.ruletest import Verdict, find, run
from engine.runtime.registry import actuators, verbs


async def check(args: argparse.Namespace, config: Config) -> int:
    """Print every error, or what was found where there is none; with `--coverage` also what can never fire."""
    try:
        loaded = load_all(read(args.paths), verbs(actuators()), SigmaCache(config.state_dir / "rules"))
        if loaded.left_out:
            raise RuleErrors(loaded.left_out)
    except RuleErrors as errors:
        show.say(str(errors), file=sys.stderr)
        return 1
    for note in loaded.notes:
        show.say(f"note: {note}", file=sys.stderr)
    program = loaded.program
    events = len(program.events) + len(program.counters)
    several = "s" * (len(program.playbooks) != 1)
    books = f" and {len(program.playbooks)} playbook{several}" if program.playbooks else ""
    print(
        f"{len(program.alerts)} alert, {len(program.records)} recording, {events} event, {len(program.heals)} heal, "
        f"{len(program.responds)} respond and {len(program.scales)} scale rules{books}: no error"
    )
    if args.coverage:
        await coverage.show_uncovered(loaded.sigma, args.fed, config)
    return 0


async def test(args: argparse.Namespace, config: Config) -> int:
    """Run every test file and print its verdict, with whatever was not as expected."""
    known = verbs(actuators())
    verdicts: list[Verdict] = []
    for path in find(args.paths):
        verdicts.append(_printed(run(path, known, on_arrival=args.on_arrival)))
        await asyncio.sleep(0)  # so that Ctrl-C is heard between two files
    failed = sum(not verdict.passed for verdict in verdicts)
    cases = sum(verdict.cases for verdict in verdicts)
    print(f"{len(verdicts)} test files with {cases} cases: {f'{failed} failed' if failed else 'all passed'}")
    return 1 if failed or not verdicts else 0


def _printed(verdict: Verdict) -> Verdict:
    for warning in verdict.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print("PASS" if verdict.passed else "FAIL", verdict.path, flush=True)
    for problem in verdict.problems:
        show.say(problem)
    return verdict
