"""`python -m tests.bench.sigma.loading FOLDER`: seconds until all rules are there, from the cache in the folder or into it.

They are there when an event of every log source that one of them names has been matched, so that all are compiled.
"""

import sys
import time
from pathlib import Path

from engine.sigma.matcher import Matcher
from tests.bench.sigma.rules import detections, load


def main() -> None:
    started_s = time.perf_counter()
    rules = detections(load(Path(sys.argv[1])))
    matcher = Matcher(rules)
    for source in dict.fromkeys(each.logsource for each in rules):
        matcher.match({}, source)
    sys.stdout.write(str(time.perf_counter() - started_s))


if __name__ == "__main__":
    main()
