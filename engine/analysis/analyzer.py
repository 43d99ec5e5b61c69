"""The events of one source, in their order, to the events that follow from them.

What it says depends on what it was given and nothing else: the same events at the same times say the same. An event's
time counts where it says one, but never one that has not come yet.
"""

from collections.abc import Iterator, Sequence

from engine.analysis import baseline, findings
from engine.analysis.settings import Settings
from engine.analysis.state import Known, State
from engine.analysis.templates import Templates
from engine.analysis.windows import enter
from schemas.events import Event, time_ms


class Analyzer:
    """Of one source. It goes on from `state`, unless that was made with settings by which it means something else."""

    def __init__(self, source: str, settings: Settings, state: State | None = None) -> None:
        self._settings = settings
        fresh = State(source, settings.depth, settings.window_ms)
        self._state = state if state and _fits(state, fresh) else fresh
        self._templates = Templates(settings.similarity, settings.depth, settings.max_templates, self._state.mined)

    @property
    def templates(self) -> int:
        """How many there are."""
        return len(self._templates)

    @property
    def evicted(self) -> int:
        """How many templates had to go, as there were too many."""
        return self._templates.evicted

    @property
    def untold(self) -> int:
        """How many new templates were not told of, as too many came at once."""
        return self._state.new_untold

    @property
    def events(self) -> int:
        """How many events had a message."""
        return self._state.events

    @property
    def last(self) -> str:
        """The id that `state` was given."""
        return self._state.last

    def state(self, last: str) -> State:
        """What it knows now; the event with the id `last` is the last that is in it."""
        self._state.last = last
        self._state.mined = self._templates.mined()
        return self._state

    def observe(self, event: Event, now_ms: int) -> Sequence[Event]:
        """What follows from the next event."""
        text = "" if event.type in findings.ACTIONS else _text(event)
        return tuple(self._found(event, text, now_ms)) if text else ()

    def _found(self, event: Event, text: str, now_ms: int) -> Iterator[Event]:
        state, settings = self._state, self._settings
        is_timely = self._enter(event, now_ms)
        added = self._templates.add(text, state.window.number)
        if added is None:
            return
        if added.is_new and not self._learns() and self._may_tell():
            yield findings.new(state.source, event, added.known)
        state.events += 1
        if is_timely and self._is_sudden(added.known):
            yield findings.rate(state.source, event, added.known, settings.window_ms)

    def _enter(self, event: Event, now_ms: int) -> bool:
        """Go on to the window of the event; whether that is it, for one that comes late has missed its own."""
        said_ms, number = time_ms(event), self._state.window.number
        is_timely = enter(self._state.window, self._settings.window_ms, now_ms if said_ms is None else said_ms, now_ms)
        if self._state.window.number != number:
            self._state.new_in_window = 0
        return is_timely

    def _learns(self) -> bool:
        passed_ms = (self._state.window.number - 1) * self._settings.window_ms
        return self._state.events < self._settings.learned_events or passed_ms < self._settings.learned_ms

    def _may_tell(self) -> bool:
        if self._state.new_in_window < self._settings.max_new:
            self._state.new_in_window += 1
            return True
        self._state.new_untold += 1
        return False

    def _is_sudden(self, known: Known) -> bool:
        kept = known.baseline
        baseline.count(kept, self._state.window.number)
        if kept.told == kept.window or not baseline.is_sudden(kept, self._settings):
            return False
        kept.told = kept.window
        return True


def _text(event: Event) -> str:
    """The message, behind the name of the program that says it: of two programs the same words are two templates."""
    data = event.data if isinstance(event.data, dict) else {"message": event.data}
    message, program = data.get("message"), data.get("process.name")
    if not isinstance(message, str) or not message:
        return ""
    return f"{program}:{message}" if isinstance(program, str) and program else message


def _fits(state: State, other: State) -> bool:
    return (state.version, state.source, state.depth, state.window_ms) == (
        other.version,
        other.source,
        other.depth,
        other.window_ms,
    )
