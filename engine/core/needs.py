"""What has to be kept: the selectors of everything that may ever look at samples. What none picks is dropped."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from engine.core.compiled import Compiled, CompiledRule
from engine.core.program import Program, every_step
from engine.core.provenance import EVENTS_TOTAL
from engine.core.remediation import Ladder
from engine.promql import LOOKBACK_MS, Matcher, PromqlError, Selector, compile_expr, compile_query
from schemas.labels import METRIC_NAME


def needed(program: Program, compiled: Compiled, ladders: Iterable[Ladder]) -> Iterator[Selector]:
    """The selectors of the program's rules and of the ladders that run, what is recorded, and what is pinned."""
    for rule in compiled.rules.values():
        yield from rule.selectors()
        yield from _of_templates(rule)
    for scale in compiled.scales.rules.values():
        yield from scale.selectors()
    heals = [*program.ladders, *(ladder.rule for ladder in ladders)]
    taken = [step for heal in heals for step in heal.steps]
    steps = every_step([*taken, *(step for playbook in program.playbooks for step in playbook.steps)])
    for expr in dict.fromkeys(step.verify.expr for step in steps if step.verify):
        yield from compile_expr(expr, subquery_step_ms=program.settings.evaluation_interval_ms).selectors
    recorded = [*(record.name for record in program.records), *(counter.name for counter in program.counters)]
    for name in dict.fromkeys([*recorded, EVENTS_TOTAL]):
        yield Selector((Matcher("=", METRIC_NAME, name),), program.settings.retention_ms)
    for text in program.settings.pinned:
        yield from pinned(text, program.settings.retention_ms)


def pinned(text: str, retention_ms: int) -> Iterator[Selector]:
    """What a pinned query looks at, kept for so long at least. Raises `PromqlError`."""
    for selector in compile_query(text).selectors:
        yield replace(selector, range_ms=max(selector.range_ms or LOOKBACK_MS, retention_ms))


def _of_templates(rule: CompiledRule) -> Iterator[Selector]:
    """What `query` may ask for in its texts. What `printf` puts into a matcher can be anything."""
    for text in dict.fromkeys(text for _, template in (*rule.labels, *rule.annotations) for text in template.queried):
        try:
            selectors = compile_query(text).selectors
        except PromqlError:
            continue  # a text that is no query
        for selector in selectors:
            yield replace(selector, matchers=tuple(each for each in selector.matchers if "%" not in each.value))
