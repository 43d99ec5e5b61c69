"""An hour under rules that others wrote, read in place from the corpora."""

from collections import Counter

import msgspec
import pytest

from engine import rulefile
from schemas.audit import AuditEntry
from schemas.reasons import Reason
from tests.core.generated import Values, series_for
from tests.core.story import Story
from tests.rulefile.corpora import corpus, rule_files

STEP_S = 120
AMBIGUOUS = {"PostgresqlConfigurationChanged"}
"""Two settings that change at once become one alert, which is an error in Prometheus too."""


@pytest.mark.parametrize("name", ["wikimedia", "govuk", "thanos", "samber"])
def test_an_hour_of_published_rules_passes_without_an_error(name: str) -> None:
    """Every rule is evaluated over series that it selects, again and again, and none fails."""
    rules = rulefile.load(rule_files(corpus(name)), {})
    settings = msgspec.structs.replace(rules.settings, evaluation_interval_ms=STEP_S * 1000)
    program = msgspec.structs.replace(rules, settings=settings)
    series = series_for(program)
    story, values = Story(program, settled=False), Values(series, seed=1)
    states: Counter[str] = Counter()
    failed = []
    for step in range(3600 // STEP_S):
        effects = story.tick(STEP_S) + story.part(series, values.next(), named=step == 0)
        states.update(getattr(effect, "state", "") for effect in effects if not isinstance(effect, AuditEntry))
        failed += [
            f"{effect.rule}: {effect.detail}"
            for effect in effects
            if isinstance(effect, AuditEntry)
            and effect.reason is Reason.EVALUATION_FAILED
            and effect.rule not in AMBIGUOUS
        ]
    assert failed == []
    assert states["firing"] > len(program.alerts) / 4
