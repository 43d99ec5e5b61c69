"""How far an alert's word goes: what a log line says names targets of the node that it came from, and of no other.

Whoever can write a log line chooses what the fields of its event say, and so the labels of the alert that it fires.
Only the node is not theirs to choose: the server authorises who publishes for it. So a target that such labels name is
looked for on that node, unless the rule says `any_node`.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from engine.core.detector import NODE, Detector, node_is_aliased
from engine.core.program import EventRule
from engine.core.remediation import Ladder
from engine.core.state import Alert, State
from engine.core.verbs import Verb
from engine.sigma.correlate_model import Ended, Raised
from engine.sigma.model import Correlation
from engine.template import OF_EITHER, TemplateError, parse

SEVERAL = ""
"""The node of what events of several nodes have said, or of what nobody can tell whose word it is."""


def has_node(rule: EventRule, among: Iterable[EventRule]) -> bool:
    """Whether its alerts are of one node each: a correlation's are where it groups by it."""
    if not isinstance(rule.does, Correlation):
        return True
    return NODE in rule.does.group_by and not node_is_aliased(among)


def node_of(result: Raised | Ended, detector: Detector) -> str:
    """The node of what a correlation holds for: one groups by it, and no other field goes by its name."""
    return SEVERAL if detector.node_is_aliased else dict(result.group).get(NODE, SEVERAL)


def node_of_alert(state: State, rule: str, alert: Alert) -> str | None:
    """The node whose word the alert of this rule is; None of one that nobody's events have a part in."""
    return SEVERAL if alert.node is None and rule in state.compiled.about_events else alert.node


def bound(ladder: Ladder, verb: Verb, scope: str) -> str | None:
    """The node whose targets alone the current step may name, None where it may name any."""
    if ladder.node is None or ladder.rule.any_node:
        return None
    return ladder.node if names_by_label(verb, ladder.current.args, scope) else None


def names_by_label(verb: Verb, args: Mapping[str, str], scope: str) -> bool:
    """Whether the labels of an alert have a part in what the arguments name; people are told whoever they are."""
    if not (verb.changes_target or verb.looks):
        return False
    naming = {scope, *(part for parts in verb.targets.values() for part in parts)}
    return any(not is_literal(text) for name, text in args.items() if name in naming)


@lru_cache(maxsize=10_000)
def is_literal(text: str) -> bool:
    """Whether it says the same whoever is asked, so that no label has a part in it."""
    try:
        return parse(text, OF_EITHER).is_literal
    except TemplateError:
        return False
