"""What comes of an act that is to be undone after an hour."""

from engine.core.effects import Effect
from schemas.reasons import Reason
from tests.core.story import TICK, Story, entries
from tests.core.world import SECOND_MS

HOUR_S = 3600


def later(story: Story, seconds: int) -> list[Effect]:
    """Time passes without samples, a tick every second."""
    effects: list[Effect] = []
    for _ in range(seconds):
        story.now_ms += SECOND_MS
        effects += story.tell(TICK)
    return effects


def ended(effects: list[Effect]) -> list[Reason]:
    return [entry.reason for entry in entries(effects) if entry.state == "ended" and entry.reason]
