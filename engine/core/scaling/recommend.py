"""How many replicas a workload should have, asked of every recommender: the metrics, and one day a forecast.

A recommender is a function from a question to a proposal, and `RECOMMENDERS` are all of them; the highest proposal
counts, as among several metrics. It must be as pure as the rest of the core: whatever it has learned lies in the
columns, the rule or the state.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from engine.core.scaling.replicas import Combined, Tolerance, combined, of_each, of_total, of_value
from engine.core.scaling.rule import Metric, ScaleRule
from engine.core.scaling.workload import Workload
from engine.core.targets import Member
from engine.promql import Plan, PromqlError, Store, Vector
from schemas.labels import Labels


class Question(NamedTuple):
    """What is known at `now_ms`. `plans` are those of the rule's metrics, in their order; it is asked every `period_ms`
    at least."""

    rule: ScaleRule
    plans: tuple[Plan, ...]
    workload: Workload
    store: Store
    now_ms: int
    most_samples: int
    period_ms: int


class Proposal(NamedTuple):
    """So many replicas; None where that cannot be told. `why` is for people."""

    replicas: int | None
    why: str


Recommender = Callable[[Question], list[Proposal]]


def recommend(question: Question) -> tuple[Combined, str]:
    """What all recommenders propose together, and why."""
    proposals = [proposal for recommender in RECOMMENDERS for proposal in recommender(question)]
    found = combined([proposal.replicas for proposal in proposals], question.workload.counts.wanted)
    telling = [each for each in proposals if found.replicas is None or each.replicas == found.replicas]
    if found.partial:
        telling = [each for each in proposals if each.replicas is None]
    return found, "; ".join(each.why for each in telling)


def by_metrics(question: Question) -> list[Proposal]:
    """What each metric says for itself."""
    pairs = zip(question.rule.metrics, question.plans, strict=True)
    return [_by_metric(question, metric, plan) for metric, plan in pairs]


RECOMMENDERS: tuple[Recommender, ...] = (by_metrics,)


def _by_metric(question: Question, metric: Metric, plan: Plan) -> Proposal:
    try:
        found = plan.evaluate(question.store, question.now_ms, question.most_samples)
    except PromqlError as error:
        return Proposal(None, f"{metric.expr}: {error}")
    if metric.per:
        return _of_each(question, metric, found)
    values = found.values.tolist()
    if len(values) != 1 or not math.isfinite(values[0]):
        what = f"yields {len(values)} elements instead of one" if len(values) > 1 else "has no value"
        return Proposal(None, f"{metric.expr} {what}")
    of = of_total if metric.average else of_value
    replicas = of(values[0], metric.target, question.workload.counts, _tolerance(question.rule, metric))
    each = " a replica" if metric.average else ""
    return Proposal(replicas, f"{metric.expr} is {values[0]:g}, target {metric.target:g}{each}")


def _of_each(question: Question, metric: Metric, found: Vector) -> Proposal:
    """The elements of replicas that are ready; those of others, which come or go, are set aside."""
    counts, members = question.workload.counts, question.workload.members
    elements = [(labels, value) for labels, value in found.items() if math.isfinite(value)]
    if members is None:
        values = [value for _, value in elements]
        missing, unready = max(counts.ready - len(values), 0), max(counts.there - counts.ready, 0)
    else:
        values = _of_members(elements, metric.per, [member for member in members if member.ready])
        missing = sum(member.ready for member in members) - len(values)
        unready = sum(not member.ready for member in members)
    tolerance = _tolerance(question.rule, metric)
    replicas = of_each(values, metric.target, counts, tolerance, missing=missing, unready=unready)
    if replicas is None:
        return Proposal(None, f"{metric.expr} has no value of any ready replica")
    why = f"{metric.expr} is {math.fsum(values) / len(values):g} on average, target {metric.target:g}"
    aside = [f"{n} {what}" for n, what in ((missing, "without a value"), (unready, "not ready")) if n]
    return Proposal(replicas, why + (f" ({', '.join(aside)})" if aside else ""))


def _of_members(elements: list[tuple[Labels, float]], label: str, ready: list[Member]) -> list[float]:
    """The values of these replicas, at most one each."""
    named = {dict(labels).get(label, ""): value for labels, value in elements}
    found: list[float] = []
    for member in ready:
        value = named.get(member.name)
        if value is None:
            value = named.get(str(member.attributes.get(label, "")))
        if value is not None:
            found.append(value)
    return found


def _tolerance(rule: ScaleRule, metric: Metric) -> Tolerance:
    if metric.tolerance is not None:
        return Tolerance(metric.tolerance, metric.tolerance)
    return Tolerance(rule.up.tolerance, rule.down.tolerance)
