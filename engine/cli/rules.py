"""`reflexarc rules`: work on rule files, without a bus."""

import argparse
import sys

from engine.cli.config import Config
from engine.rulefile import RuleErrors, load, read
from engine.runtime.registry import actuators, verbs


async def check(args: argparse.Namespace, config: Config) -> int:
    """Print every error, or what was found where there is none."""
    try:
        program = load(read(args.paths), verbs(actuators()))
    except RuleErrors as errors:
        print(errors, file=sys.stderr)
        return 1
    print(
        f"{len(program.alerts)} alert, {len(program.records)} recording and {len(program.heals)} heal rules: no error"
    )
    return 0
