"""`scale` rules: what takes more than one of their fields to see, the verbs or the calendar, and how they are built."""

from collections.abc import Iterator, Sequence

from engine.core import cron
from engine.core.resolve import SCOPE, target_id
from engine.core.scaling import rule as core
from engine.core.verbs import Verb, Verbs, chosen
from engine.rulefile.checks import Checks
from engine.rulefile.errors import RuleError
from engine.rulefile.messages import suggestion
from engine.rulefile.structure import FoundGroup, Place
from engine.rulefile.zones import zone
from schemas.rulefile import Group
from schemas.scalefile import ScaleDirection, ScaleMetric, ScaleRule, ScaleSchedule
from schemas.wording import shown

VERB = "scale"
REPLICAS = "replicas"


def check(groups: Sequence[FoundGroup], verbs: Verbs, checks: Checks) -> Iterator[RuleError]:
    """Every mistake in a `scale` rule that its own fields cannot show."""
    scaled: dict[str, Place] = {}
    for found in (found for group in groups for found in group.rules):
        if isinstance(found.model, ScaleRule):
            yield from _target(found.place, found.model, verbs, scaled)
            yield from _bounds(found.place, found.model)
            for nth, metric in enumerate(found.model.metrics):
                yield from _metric(found.place, nth, metric, checks)
            for nth, schedule in enumerate(found.model.schedules):
                yield from _schedule(found.place, nth, schedule, found.model)


def zones(groups: Sequence[FoundGroup]) -> dict[str, cron.Zone]:
    """The time zones that the schedules of rules without mistakes are in."""
    rules = (found.model for group in groups for found in group.rules if isinstance(found.model, ScaleRule))
    names = sorted({schedule.timezone for rule in rules for schedule in rule.schedules})
    return {name: zone(name) for name in names}


def build(group: Group, rule: ScaleRule, rule_id: str, source: str, place: int, verbs: Verbs) -> core.ScaleRule:
    """A rule without mistakes as the core runs it."""
    arguments = rule.arguments
    verb = chosen(verbs, VERB, arguments)
    assert verb is not None, "only rules of known verbs are built"
    target = target_id(verb, arguments)
    assert target is not None, "only rules that name a target are built"
    return core.ScaleRule(
        id=rule_id,
        group=group.name,
        name=rule.name,
        source=source,
        target=target,
        args=arguments,
        min=rule.min,
        max=rule.max,
        metrics=tuple(map(_built_metric, rule.metrics)),
        schedules=tuple(map(_built_schedule, rule.schedules)),
        up=_built_direction(rule.behavior.scale_up, core.UP),
        down=_built_direction(rule.behavior.scale_down, core.DOWN),
        on_no_data=rule.on_no_data,
        fallback=rule.fallback or 0,
        mode=rule.mode,
        cooldown_ms=rule.cooldown_ms,
        place=place,
        interval_ms=group.interval_ms or None,
    )


# --- what is scaled ---


def _target(place: Place, rule: ScaleRule, verbs: Verbs, scaled: dict[str, Place]) -> Iterator[RuleError]:
    if rule.workload is not None and rule.target is not None:
        yield place.error(("target",), "expected `workload` or `target`, not both", key=True)
        return
    if not rule.arguments:
        yield place.error((), "expected the `workload` that is scaled, or its `target`")
        return
    verb = chosen(verbs, VERB, rule.arguments)
    if verb is None:
        yield place.error(("scale",), f"no actuator offers the verb `{VERB}`")
        return
    wrong = list(_arguments(place, rule, verb, verbs))
    yield from wrong
    name = target_id(verb, rule.arguments)
    if wrong or name is None:
        return
    key = f"{verb.actuator} {rule.arguments.get(SCOPE, '')} {name}"
    if (earlier := scaled.setdefault(key, place)) is not place:
        before = f"{earlier.path}:{earlier.node.mark.line}"
        yield place.error(_path_of(rule), f"{name} is scaled by two rules; the first is at {before}")


def _arguments(place: Place, rule: ScaleRule, verb: Verb, verbs: Verbs) -> Iterator[RuleError]:
    path = _path_of(rule)
    allowed = (verb.arguments | {SCOPE}) - {REPLICAS}
    for name, text in rule.arguments.items():
        if name not in allowed:
            yield place.error((*path, name), f"unknown argument, {suggestion(name, allowed)}", key=True)
        elif "{{" in text:
            message = f"there is no alert whose labels a template could use: {shown(text)}"
            yield place.error((*path, name), message)
    if not verb.names_target(rule.arguments):
        kinds = [names for offered in verbs[VERB] for names in offered.targets.values()]
        ways = " or ".join(dict.fromkeys(" and ".join(f"`{name}`" for name in names) for names in kinds))
        yield place.error(path, f"names no target: expected {ways}", key=True)


def _path_of(rule: ScaleRule) -> tuple[str, ...]:
    return ("workload",) if rule.target is None else ("target",)


# --- bounds, metrics, schedules ---


def _bounds(place: Place, rule: ScaleRule) -> Iterator[RuleError]:
    if rule.min > rule.max:
        yield place.error(("min",), f"expected no more than `max`, which is {rule.max}, got {rule.min}")
    if not rule.metrics and not rule.schedules:
        yield place.error((), "expected `metrics`, `schedules` or both")
    if rule.on_no_data == "fallback" and rule.fallback is None:
        yield place.error(("on_no_data",), "expected a `fallback` beside it: to how many replicas")
    if rule.on_no_data == "hold" and rule.fallback is not None:
        yield place.error(("fallback",), "is used with `on_no_data: fallback` only", key=True)
    if rule.fallback is not None and rule.min <= rule.max and not rule.min <= rule.fallback <= rule.max:
        yield place.error(("fallback",), f"expected {rule.min} to {rule.max}, as `min` and `max`, got {rule.fallback}")


def _metric(place: Place, nth: int, metric: ScaleMetric, checks: Checks) -> Iterator[RuleError]:
    path = ("metrics", nth)
    if metric.target is None and metric.average_target is None:
        yield place.error(path, "expected a `target` or an `average_target`")
    if metric.target is not None and metric.average_target is not None:
        yield place.error((*path, "average_target"), "expected `target` or `average_target`, not both", key=True)
    if metric.per is None:
        return
    if metric.average_target is None:
        yield place.error(
            (*path, "per"), "goes with an `average_target`: the mean of the replicas is compared", key=True
        )
    closed = checks.plan(metric.expr).output_labels
    if closed is not None and metric.per not in closed:
        message = f"the expression yields no label {shown(metric.per)}, {suggestion(metric.per, closed)}"
        yield place.error((*path, "per"), message)


def _schedule(place: Place, nth: int, schedule: ScaleSchedule, rule: ScaleRule) -> Iterator[RuleError]:
    path = ("schedules", nth)
    try:
        if cron.following(cron.parse(schedule.cron), cron.UTC, 0) is None:
            yield place.error((*path, "cron"), f"never comes: {shown(schedule.cron)}")
    except ValueError as error:
        yield place.error((*path, "cron"), str(error))
    try:
        zone(schedule.timezone)
    except ValueError as error:
        yield place.error((*path, "timezone"), str(error))
    if schedule.replicas is not None:
        if schedule.min is not None or schedule.max is not None:
            yield place.error((*path, "replicas"), "expected `replicas`, or `min` and `max`, not both", key=True)
        return
    if schedule.min is None and schedule.max is None:
        yield place.error(path, "expected `replicas`, `min` or `max`")
    least = rule.min if schedule.min is None else schedule.min
    most = rule.max if schedule.max is None else schedule.max
    if least > most and rule.min <= rule.max:
        field = "min" if schedule.min is not None else "max"
        yield place.error((*path, field), f"expected `min` to be no more than `max`, got {least} and {most}")


# --- to the core ---


def _built_metric(metric: ScaleMetric) -> core.Metric:
    target = metric.average_target if metric.target is None else metric.target
    assert target is not None, "only metrics with a target are built"
    return core.Metric(
        expr=metric.expr,
        target=target,
        average=metric.average_target is not None,
        per=metric.per or "",
        tolerance=metric.tolerance,
    )


def _built_schedule(schedule: ScaleSchedule) -> core.Schedule:
    return core.Schedule(
        cron=schedule.cron,
        zone=schedule.timezone,
        duration_ms=schedule.duration_ms,
        min=schedule.min if schedule.replicas is None else schedule.replicas,
        max=schedule.max if schedule.replicas is None else schedule.replicas,
    )


def _built_direction(direction: ScaleDirection, default: core.Direction) -> core.Direction:
    policies = direction.policies
    return core.Direction(
        policies=default.policies
        if policies is None
        else tuple(core.Policy(kind=each.type, value=each.value, period_ms=each.period_ms) for each in policies),
        select=direction.select_policy,
        stabilization_ms=default.stabilization_ms if direction.stabilization_ms is None else direction.stabilization_ms,
        tolerance=default.tolerance if direction.tolerance is None else direction.tolerance,
    )
