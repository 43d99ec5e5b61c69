"""A `filter:` document: what else must hold for the rules that it names."""

from typing import Any

from engine.sigma.documents import Refused
from engine.sigma.model import About
from engine.sigma.parse_about import about
from engine.sigma.parse_detection import DetectionParser, origin_of
from engine.sigma.parts import Filtering

ANY = "any"


def filtering(content: dict[str, Any], line: int, parser: DetectionParser) -> Filtering:
    """Raises Refused."""
    said = about(content)
    origin = origin_of(content)
    try:
        given = content["filter"]
        if not isinstance(given, dict):
            raise Refused("expected rules, selections and a condition")
        detection = {field: value for field, value in given.items() if field != "rules"}
        # It is read again for each rule that it applies to; here, for its mistakes.
        parser.detection(detection, About(title=said.title), origin)
        return Filtering(line, said.title, origin, _rules(given), detection)
    except Refused as refused:
        raise refused.below("filter") from refused


def _rules(given: dict[str, Any]) -> tuple[str, ...]:
    rules = given.get("rules")
    if rules == [] or (isinstance(rules, str) and rules.lower() == ANY):
        return ()
    each = rules if isinstance(rules, list) else [rules]
    if not all(isinstance(rule, str) and rule for rule in each):
        raise Refused(f"expected names or ids of rules, or {ANY}, got {rules!r}", ("rules",))
    return tuple(each)
