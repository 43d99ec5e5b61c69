"""From what processes used to figures: differences between pairs, and ratios between the sides. Pure."""

from collections.abc import Iterator, Mapping

from tests.bench.beside.shop import SERIES
from tests.bench.beside.usage import Used
from tests.bench.figures import Figure

MIN_EVALUATION_RATIO = 20.0
MAX_PIPELINE_RATIO = 1.0
MAX_MEMORY_RATIO = 1.0

OURS = ("agent", "engine", "nats-server")
THEIRS = "prometheus"

Usage = Mapping[str, Used]
"""By process of one pair."""


def figures(ruled: Usage, plain: Usage, empty: Usage, rounds: int) -> Iterator[Figure]:
    """`plain` has no rules, `empty` no series; all three were watched for so many rounds."""
    yield from _evaluation(ruled, plain, rounds)
    yield from _pipeline(ruled, rounds)
    yield from _memory(ruled, empty)


def _evaluation(ruled: Usage, plain: Usage, rounds: int) -> Iterator[Figure]:
    cost_ms = {name: (ruled[name].cpu_s - plain[name].cpu_s) * 1000 / rounds for name in ruled}
    yield _ms("evaluation, engine", cost_ms["engine"])
    if THEIRS in ruled:
        yield _ms("evaluation, Prometheus", cost_ms[THEIRS])
        yield Figure(
            name="evaluation, Prometheus' CPU against ours",
            measured=cost_ms[THEIRS] / cost_ms["engine"],
            unit="times",
            limit=MIN_EVALUATION_RATIO,
            at_least=True,
        )


def _pipeline(ruled: Usage, rounds: int) -> Iterator[Figure]:
    cost_ms = {name: used.cpu_s * 1000 / rounds for name, used in ruled.items()}
    ours_ms = sum(cost_ms[name] for name in OURS)
    for name in OURS:
        yield _ms(f"pipeline, {name}", cost_ms[name])
    yield _ms("pipeline, all of ours", ours_ms)
    if THEIRS in ruled:
        yield _ms("pipeline, Prometheus", cost_ms[THEIRS])
        ratio = ours_ms / cost_ms[THEIRS]
        yield _at_most("pipeline, our CPU against Prometheus'", ratio, MAX_PIPELINE_RATIO)


def _memory(ruled: Usage, empty: Usage) -> Iterator[Figure]:
    grown = {name: (ruled[name].rss_bytes - empty[name].rss_bytes) / SERIES for name in ruled}
    ours = grown["agent"] + grown["engine"]
    for name in OURS:
        yield Figure(name=f"memory of a series, {name}", measured=grown[name], unit="bytes")
    if THEIRS in ruled:
        yield Figure(name="memory of a series, Prometheus", measured=grown[THEIRS], unit="bytes")
        ratio = ours / grown[THEIRS]
        yield _at_most("memory of a series, agent and engine against Prometheus", ratio, MAX_MEMORY_RATIO)


def _ms(name: str, measured: float) -> Figure:
    return Figure(name=f"{name}, CPU a round", measured=measured, unit="ms")


def _at_most(name: str, ratio: float, limit: float) -> Figure:
    return Figure(name=name, measured=ratio, unit="times", limit=limit)
