"""One detection rule: its selections and its condition, through pySigma and the pipelines, to one condition."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sigma.conditions import ConditionAND
from sigma.exceptions import SigmaError
from sigma.modifiers import reverse_modifier_mapping
from sigma.policy import SigmaPolicy
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections, SigmaLogSource, SigmaRule
from sigma.rule.attributes import SigmaLevel, SigmaRuleTag, SigmaStatus

from engine.sigma.documents import Refused
from engine.sigma.logic import all_of, any_of
from engine.sigma.model import About, Detection, LogSource, Node
from engine.sigma.parse_condition import condition_of, unknown
from engine.sigma.parse_pipelines import UNFORESEEN, Pipelines, logsource
from engine.sigma.parse_regexp import Engine, Unmatchable
from engine.sigma.parse_shape import check_detection
from engine.sigma.parse_strings import Placeholders
from engine.sigma.parse_values import item_condition

_INCOMPATIBLE = re.compile(r"Modifier (\w+) incompatible to value type of '(.*)'", re.DOTALL)
_POLICY = SigmaPolicy(regex_engine=Engine())


class DetectionParser:
    """What all detections are read with."""

    def __init__(self, pipelines: Pipelines, placeholders: Mapping[str, Sequence[str]]) -> None:
        self._pipelines = pipelines
        self._placeholders = placeholders

    def detection(
        self, content: dict[str, Any], about: About, origin: LogSource
    ) -> tuple[Detection, About, tuple[str, ...]]:
        """The detection, the rule's `about` with its fields as events have them, and the placeholders without values
        that it waits for. `content` is what stands below `detection:`. Raises Refused, with the path from there.
        """
        check_detection(content)
        rule = _rule(about, origin, _selections(content))
        self._pipelines.apply(rule)
        placeholders = Placeholders(self._placeholders)
        detection = Detection(logsource=_logsource(rule.logsource), condition=_condition(rule, placeholders))
        fields = tuple(map(str, rule.fields))
        return detection, _with_fields(about, fields), tuple(placeholders.waiting)


def origin_of(content: dict[str, Any]) -> LogSource:
    """The log source that a document names, in lower case. Raises Refused."""
    given = content.get("logsource")
    if not isinstance(given, dict):
        raise Refused("expected a log source: product, category, service, or some of them", ("logsource",))
    parts = {part: given.get(part) for part in ("product", "category", "service")}
    for part, value in parts.items():
        if value is not None and not isinstance(value, str):
            raise Refused(f"expected a text, got {value!r}", ("logsource", part))
    found = LogSource(**{part: value.strip().lower() for part, value in parts.items() if isinstance(value, str)})
    if found == LogSource():
        raise Refused("expected a product, a category or a service", ("logsource",))
    return found


def _selections(content: dict[str, Any]) -> SigmaDetections:
    try:
        return SigmaDetections.from_dict(content, policy=_POLICY)
    except (SigmaError, *UNFORESEEN) as error:
        raise _placed(content) or Refused(_said(error)) from error


def _placed(content: dict[str, Any]) -> Refused | None:
    """Which field of which selection it is that pySigma refuses."""
    for name, definition in content.items():
        if name == "condition":
            continue
        for position, part in enumerate(definition) if isinstance(definition, list) else [(None, definition)]:
            for field, value in part.items() if isinstance(part, dict) else [(None, part)]:
                path = [each for each in (name, position, field) if each is not None]
                try:
                    SigmaDetection.from_definition(value if field is None else {field: value}, policy=_POLICY)
                except (SigmaError, *UNFORESEEN) as error:
                    return Refused(_said(error), tuple(path))
    return None


def _said(error: Exception) -> str:
    """As pySigma says it, but for what it says of its classes."""
    if isinstance(error.__cause__, Unmatchable):
        return str(error.__cause__)
    if found := _INCOMPATIBLE.match(str(error)):
        name = reverse_modifier_mapping.get(found[1], found[1])
        return f"{name} cannot be used with {found[2]!r}; a text is written in quotes, a number is not"
    return str(error)


def _rule(about: About, origin: LogSource, selections: SigmaDetections) -> SigmaRule:
    """As pySigma would have read it, but for what only people read."""
    tags = []
    for tag in about.tags:
        with contextlib.suppress(SigmaError, ValueError):
            tags.append(SigmaRuleTag.from_str(tag))
    return SigmaRule(
        title=about.title,
        level=SigmaLevel[about.level.upper()] if about.level else None,
        status=SigmaStatus[about.status.upper()] if about.status else None,
        description=about.description,
        author=about.author,
        tags=tags,
        fields=list(about.fields),
        logsource=logsource(origin),
        detection=selections,
    )


def _logsource(given: SigmaLogSource) -> LogSource:
    product, category, service = ((part or "").lower() for part in (given.product, given.category, given.service))
    return LogSource(product, category, service)


def _with_fields(about: About, fields: tuple[str, ...]) -> About:
    if fields == about.fields:
        return about
    return About(**{name: getattr(about, name) for name in about.__struct_fields__} | {"fields": fields})


def _condition(rule: SigmaRule, placeholders: Placeholders) -> Node:
    """Each of several conditions makes the rule true."""
    selections = rule.detection.detections

    def selection(name: str, positive: bool) -> Node | None:
        if name not in selections:
            raise unknown(name, selections).below("condition")
        try:
            return _selection(selections[name], placeholders, positive)
        except Refused as refused:
            raise refused.below(name) from refused

    parts = []
    for each in rule.detection.parsed_condition:
        try:
            parts.append(condition_of(each.condition, selection, rule.detection))
        except Refused as refused:
            raise refused if refused.field else refused.below("condition") from refused
    left = [part for part in parts if part is not None]
    if not left:
        raise Refused("nothing is left of the condition after the processing pipelines", ("condition",))
    return any_of(left)


def _selection(
    selection: SigmaDetection | SigmaDetectionItem, placeholders: Placeholders, positive: bool
) -> Node | None:
    if isinstance(selection, SigmaDetectionItem):
        return item_condition(selection, placeholders, positive=positive)
    parts = [_selection(item, placeholders, positive) for item in selection.detection_items]
    left = [part for part in parts if part is not None]
    linked = all_of if selection.item_linking is ConditionAND else any_of
    return linked(left) if left else None
