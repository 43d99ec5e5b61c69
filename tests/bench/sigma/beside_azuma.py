"""Run by the Python of the peers: azuma over the rules (paths) and events of the question.

The answer: which paths it read, for each event the places of those that matched, and CPU seconds for all.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from azuma import Rule  # type: ignore[import-not-found,unused-ignore]


def main() -> None:
    question = json.load(sys.stdin)
    rules = {path: rule for path in question["rules"] if (rule := _rule(path)) is not None}
    for event in question["warm_up"]:
        _matching(rules, event)
    started_s = time.process_time()
    matched = [_matching(rules, event) for event in question["events"]]
    taken_s = time.process_time() - started_s
    json.dump({"rules": list(rules), "matched": matched, "taken_s": taken_s}, sys.stdout)


def _matching(rules: dict[str, Any], event: dict[str, Any]) -> list[int]:
    return [place for place, rule in enumerate(rules.values()) if rule.match(event)]


def _rule(path: str) -> Any:
    """None where it does not read it."""
    try:
        return Rule.model_validate_yaml(Path(path).read_text(encoding="utf-8"))
    except Exception:  # whatever it raises
        return None


main()
