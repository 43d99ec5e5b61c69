"""`python -m tests.bench [PART] [--json]`: measure, tell, and exit 1 if a figure is over its limit."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from tests.bench import (
    agent,
    analysis,
    correlations,
    guardrails,
    idle,
    latency,
    lines,
    many_rules,
    parsers,
    playbooks,
    redaction,
    scaling,
    sigma,
    signing,
    state,
)
from tests.bench.beside import detection, pipeline
from tests.bench.figures import Figure, report


async def _latency() -> list[Figure]:
    figures, engine_state = await latency.run()
    return figures + state.run(engine_state)


BENCHMARKS: dict[str, Callable[[], Coroutine[Any, Any, list[Figure]]]] = {
    "latency": _latency,
    "agent": agent.run,
    "idle": idle.run,
    "rules": many_rules.run,
    "guardrails": guardrails.run,
    "scaling": scaling.run,
    "playbooks": playbooks.run,
    "correlations": correlations.run,
    "parsers": parsers.run,
    "lines": lines.run,
    "redaction": redaction.run,
    "analysis": analysis.run,
    "signing": signing.run,
    "sigma": sigma.run,
    "detection": detection.run,
    "pipeline": pipeline.run,
}


def main() -> None:
    """Run the named benchmark, or one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("benchmark", nargs="?", choices=BENCHMARKS, help="only this one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    figures: list[Figure] = []
    for name in [args.benchmark] if args.benchmark else BENCHMARKS:
        sys.stderr.write(f"measuring: {name} …\n")
        figures += asyncio.run(BENCHMARKS[name]())
    sys.exit(0 if report(figures, as_json=args.json) else 1)


if __name__ == "__main__":
    main()
