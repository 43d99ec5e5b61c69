"""One evaluation: of which columns, at what time, and what it shares with the other evaluations of the same query."""

from dataclasses import dataclass, field

from engine.promql.errors import PromqlError
from engine.promql.index import Index
from engine.promql.notes import Note
from engine.promql.selector import Anchor, Selector
from engine.promql.store import Store
from engine.promql.vector import Vector, distinct
from engine.promql.window import Window

MOST_SAMPLES = 50_000_000
"""As many samples as one query may look at unless it is told otherwise: Prometheus' `query.max-samples`."""


@dataclass
class Evaluation:
    """What all moments of one query share. In an instant query `start_ms` is `end_ms` and `step_ms` is 0.

    `notes` None: nobody wants remarks, so they need not be made. `samples_left` is what the query may still look at.
    """

    store: Store
    start_ms: int
    end_ms: int
    step_ms: int = 0
    delayed_name_removal: bool = False
    notes: dict[Note, None] | None = None
    samples_left: int = MOST_SAMPLES

    @property
    def is_range(self) -> bool:
        return self.step_ms > 0

    def spend(self, samples: int) -> None:
        """Take so many samples from the query's budget. Raises `PromqlError` when it is used up."""
        self.samples_left -= samples
        if self.samples_left < 0:
            raise PromqlError("query processing would load too many samples into memory in query execution")

    def note(self, *notes: Note) -> None:
        """Keep these remarks, if anyone wants them."""
        if self.notes is not None:
            self.notes |= dict.fromkeys(notes)


@dataclass
class Moment:
    """The evaluation at `time_ms`. Windows are cut once, however often they occur."""

    evaluation: Evaluation
    time_ms: int
    windows: dict[Selector, Window] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return self.evaluation.store

    def at(self, time_ms: int) -> "Moment":
        return Moment(self.evaluation, time_ms)

    def looked_at_ms(self, anchor: Anchor, offset_ms: int) -> int:
        """The time that a selector or subquery with this `@` and offset looks back from."""
        times_ms = {None: self.time_ms, "start": self.evaluation.start_ms, "end": self.evaluation.end_ms}
        return (anchor if isinstance(anchor, int) else times_ms[anchor]) - offset_ms

    def nameless(self, vector: Vector) -> Vector:
        """`vector` after what takes its metric names away: now or, if the query delays that, in the end.

        Raises `PromqlError` when two elements become the same now.
        """
        unnamed = vector.on(self.nameless_index(vector.index))
        return unnamed if self.evaluation.delayed_name_removal else distinct(unnamed)

    def nameless_index(self, index: Index) -> Index:
        return index.to_be_nameless if self.evaluation.delayed_name_removal else index.nameless
