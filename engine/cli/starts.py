"""The example shop's own count of its starts, held against what the audit says was commanded.

The shop knows nothing of our records: it notes every start in a file, with the command that it found in its
environment. So this is how a run can show that no command had its effect twice, and none was lost.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

DECLARED = "declared-"
"""How the command of a start begins that `workloads.yaml` asks for, and no command."""


class Start(msgspec.Struct, frozen=True):
    """One line of the file that `SHOP_STARTS` names."""

    pid: int
    command: str
    workload: str
    replica: str


class Tally(msgspec.Struct, frozen=True):
    """How often the workload started for one command, and how often it should have."""

    command: str
    does: str
    expected: int
    counted: int


def read_starts(file: Path) -> list[Start]:
    """All starts so far, oldest first."""
    return [msgspec.json.decode(line, type=Start) for line in file.read_bytes().splitlines()]


def tally(starts: Iterable[Start], commands: Iterable[Mapping[str, Any]], replicas: int) -> list[Tally]:
    """One tally for each command (as `look.list_commands` lists them) and for each start that no command explains.

    `replicas`: how many each workload has, all of which a command for the workload starts anew.
    """
    counted = Counter(start.command for start in starts if not start.command.startswith(DECLARED))
    expected = {
        command["id"]: (command["does"], replicas if command["target"].startswith("workload:") else 1)
        for command in commands
        if command["outcome"] == "succeeded" and command["target"].startswith(("workload:", "replica:"))
    }
    unexplained = ("nothing on record", 0)
    return [Tally(id_, *expected.get(id_, unexplained), counted[id_]) for id_ in {**expected, **counted}]
