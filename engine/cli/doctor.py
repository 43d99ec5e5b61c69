"""`reflexarc doctor`: check this machine and the bus, and say what to do about what is wrong.

It changes nothing. What is checked stands in `doctor_machine` and `doctor_bus`; here it is only put together.
"""

import argparse

from engine.cli import doctor_bus, doctor_machine, show
from engine.cli.config import Config
from engine.cli.verdicts import Check


async def doctor(args: argparse.Namespace, config: Config) -> int:
    """Print every check; 1 if any failed."""
    checks = [*doctor_machine.checks(config), *await doctor_bus.checks(config)]
    if args.json:
        show.as_json(checks)
    else:
        _print(checks)
    return int(any(check.verdict == "fail" for check in checks))


def _print(checks: list[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        verdict = check.verdict if check.verdict == "ok" else check.verdict.upper()
        first, *more = check.detail.splitlines()
        print(f"{verdict:4}  {check.name:{width}}  {first}")
        for line in more:
            print(f"{'':{width + 8}}{line}")
        if check.remedy:
            print(f"{'':{width + 8}}→ {check.remedy}")
    wrong = [check for check in checks if check.verdict != "ok"]
    print(f"\n{len(checks)} checks, {len(wrong)} to look at")
