"""Which rules nobody feeds."""

import pytest

from engine.sigma.coverage import uncovered
from engine.sigma.model import LogSource
from tests.sigma.reading import rules

LINUX, WEB = LogSource(product="linux", category="process_creation"), LogSource(product="nginx", category="webserver")
RULES = """
title: Shell
name: shell
logsource: {product: linux, category: process_creation}
detection: {s: {a: 1}, condition: s}
---
title: Web
name: web
logsource: {category: webserver}
detection: {s: {a: 1}, condition: s}
---
title: Both
name: both
correlation: {type: temporal, rules: [shell, web], timespan: 1m}
---
title: Some
correlation: {type: event_count, rules: [shell, web], timespan: 1m, condition: {gte: 5}}
---
title: Either
correlation: {type: temporal, rules: [shell, web], timespan: 1m, condition: shell or web}
---
title: Above
correlation: {type: event_count, rules: [both], timespan: 1m, condition: {gte: 5}}
"""


@pytest.mark.parametrize(
    ("fed", "titles"),
    [
        ([LINUX, WEB], ""),
        ([LINUX], "Web Both Above"),
        ([WEB], "Shell Both Above"),
        ([], "Shell Web Both Some Either Above"),
        ([LogSource(product="linux")], "Shell Web Both Some Either Above"),
    ],
)
def test_a_rule_is_fed_by_events_that_are_at_least_as_special(fed: list[LogSource], titles: str) -> None:
    """A rule for web servers is fed by nginx, one for processes on Linux not by whatever is from Linux. A temporal
    correlation needs all of its rules, unless it says otherwise, and the others one.
    """
    assert [each.rule.about.title for each in uncovered(rules(RULES), fed)] == titles.split()


def test_what_is_missing_is_named() -> None:
    """With each rule come the log sources that it wants and nobody feeds."""
    wants = {each.rule.about.title: each.wants for each in uncovered(rules(RULES), [WEB])}
    assert wants == {"Shell": (LINUX,), "Both": (LINUX,), "Above": (LINUX,)}
