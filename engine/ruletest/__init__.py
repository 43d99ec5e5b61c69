"""Unit tests of rules: promtool's files with promtool's verdict, extended by the commands that `heal` rules must send.

Nothing is evaluated here: rules run in `engine.core`, expressions in `engine.promql`. This package holds the clock.

Read in this order: `model`, `fields` and `notation` (what a test file says), `read` (text → model, with the place of
every mistake), `run` (the whole of one file), `promtool` and `live` (the two clocks), `compare` (expected beside got).
Only `files` touches the disk.
"""

from engine.ruletest.files import find
from engine.ruletest.run import Verdict, run

__all__ = ["Verdict", "find", "run"]
