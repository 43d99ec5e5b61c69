"""Log analyzers of an agent, lines for them, and what is new about these."""

from pathlib import Path
from typing import Any

from engine.analysis.settings import Settings
from engine.runtime.analysing import Analyses, AnalysisConfig
from schemas.events import Event


def analyses(
    folder: Path, *sources: str, save_every_s: float = 3600, max_sources: int = 10, **settings: Any
) -> Analyses:
    """Those of an agent that learns from twenty lines."""
    config = AnalysisConfig(
        settings=Settings(**({"learned_events": 20} | settings)),
        sources=sources or ("*",),
        max_sources=max_sources,
        save_every_s=3600,
    )
    return Analyses(config, folder / "analysis")


def event(number: int, message: str) -> Event:
    return Event(id=f"e{number}", source="/log", type="log.line", data={"message": message}, file="f", offset=number)


def learned(count: int = 20) -> list[Event]:
    return [event(number, f"job {number} done") for number in range(count)]


def new(events: Any) -> list[str]:
    """The templates that are new among the events."""
    return [each.data["log.template.text"] for each in events if each.type == "log.template.new"]
