"""Run by the Python of the peers: durable_rules on so many equality rules. The answer: CPU seconds for each event."""

import json
import sys
import time
from contextlib import suppress

from durable.engine import Host, MessageNotHandledException  # type: ignore[import-not-found,unused-ignore]


def main() -> None:
    question = json.load(sys.stdin)
    json.dump([_event_s(count, question["events"]) for count in question["rules"]], sys.stdout)


def _event_s(count: int, events: int) -> float:
    host = Host()
    rules = {f"r{number}": {"all": [{"m": {"type": f"t{number}"}}], "run": lambda _: None} for number in range(count)}
    name = f"rules{count}"
    host.set_rulesets({name: rules})
    started_s = time.process_time()
    for number in range(events):
        with suppress(MessageNotHandledException):
            host.post(name, {"type": f"t{number % (2 * count)}"})
    return (time.process_time() - started_s) / events


main()
