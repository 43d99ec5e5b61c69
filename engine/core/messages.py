"""What comes in: one message of the journal, decoded."""

from dataclasses import dataclass

from engine.core.past import Past
from engine.core.program import Program
from schemas.control import Abort, Act, Activate, Approve, Emergency, Halt, Play, Resume, Tick
from schemas.events import Events
from schemas.inventory import Inventory
from schemas.outcomes import Outcome
from schemas.refusals import Refusals
from schemas.samples import SampleBatch


@dataclass(frozen=True, slots=True)
class Activation:
    """An `activate` message with the program that it names, which the host fetched by its digest, and what the journal,
    which begins at `began_ms`, held before of the series that this program is the first to look at.
    """

    request: Activate
    program: Program
    past: Past | None = None
    began_ms: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that the host could not decode, and why. It still takes its place in the order."""

    reason: str


Body = (
    SampleBatch
    | Events
    | Outcome
    | Refusals
    | Inventory
    | Tick
    | Activation
    | Halt
    | Resume
    | Emergency
    | Approve
    | Act
    | Play
    | Abort
    | Unreadable
)


@dataclass(frozen=True, slots=True)
class Message:
    """`seq` is its place in the journal's total order, `time_ms` (Unix) when the journal stored it.

    `node` is the publisher of samples and events, as the server authorised it; empty for other messages.
    """

    seq: int
    time_ms: int
    body: Body
    node: str = ""
