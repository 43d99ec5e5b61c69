"""What a rule that acts would never do: act on a target that labels name which may be anybody's words.

Not a mistake of the file, since its other steps are taken, but its author ought to know before the night.
"""

from collections.abc import Iterator

from engine.core.program import AlertRule, EventRule, HealRule, Program, RecordingRule
from engine.core.provenance import about_events
from engine.core.reach import has_node, names_by_label
from engine.core.resolve import SCOPE
from engine.core.verbs import chosen
from engine.rulefile.checks import Checks
from engine.rulefile.errors import RuleError


def notes(program: Program, checks: Checks) -> Iterator[RuleError]:
    """Of each rule that says nothing of `any_node`, the steps that are always refused, as `OTHER_NODE`."""
    every: list[AlertRule | RecordingRule] = [*program.alerts, *program.records]
    counted = about_events(program, [(rule, checks.plan(rule.expr)) for rule in every])
    alerts: dict[str, list[AlertRule | EventRule]] = {}
    for alert in filter(_raises, program.alerting):
        alerts.setdefault(alert.name, []).append(alert)
    for rule in program.ladders:
        called_by = alerts.get(rule.alert)
        if not rule.any_node and called_by and all(_of_no_node(alert, program, counted) for alert in called_by):
            yield from (_note(rule, step.verb) for step in rule.steps if _is_bound(program, step.verb, step.args))


def _raises(alert: AlertRule | EventRule) -> bool:
    return isinstance(alert, AlertRule) or alert.raises


def _of_no_node(alert: AlertRule | EventRule, program: Program, counted: frozenset[str]) -> bool:
    return alert.id in counted if isinstance(alert, AlertRule) else not has_node(alert, program.events)


def _is_bound(program: Program, name: str, args: dict[str, str]) -> bool:
    verb = chosen(program.verbs, name, args)
    return verb is not None and names_by_label(verb, args, SCOPE)


def _note(rule: HealRule, verb: str) -> RuleError:
    path, _, line = rule.source.rpartition(":")
    problem = (
        f"`{verb}` is never done: labels of {rule.alert} name its target, and events of any node may have chosen them; "
        "group the alert's events by `node`, or say `any_node: true`"
    )
    return RuleError(path, int(line), 1, problem, f'group "{rule.group}", rule "{rule.name}"')
