"""A story told to the core, message by message, with the clock in the teller's hand.

Every telling returns what followed from it, in order. `commands`, `alerts` and `reasons` pick out of that.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from engine.core.answering import silent_ms
from engine.core.effects import Effect, Rejected
from engine.core.messages import Activation, Body, Message
from engine.core.past import Past
from engine.core.program import Program
from engine.core.state import State
from engine.core.step import step
from engine.promql import compile_expr
from schemas.alerts import AlertTransition
from schemas.audit import AuditEntry
from schemas.commands import Command
from schemas.control import Act, Activate, Approve, Halt, Resume, Tick
from schemas.inventory import Inventory
from schemas.labels import Labels, canonical
from schemas.outcomes import Outcome, Status
from schemas.reasons import Reason
from schemas.samples import SampleBatch, layout_digest, pack_values, unpack_values
from tests.core.world import ONCALL, SECOND_MS, SETTLED_S, shop

START_MS = 1_700_000_000_000
TICK = Tick(shard="0", interval_ms=SECOND_MS)


class Story:
    """One shard from its first message on. `now_ms` is the journal's time of the next message."""

    def __init__(self, program: Program, *, settled: bool = True) -> None:
        self.state = State()
        self.now_ms = START_MS
        self.seq = 0
        self.told: list[Message] = []
        self.effects: list[Effect] = []
        self.sent: list[Command] = []
        for body in (shop(), ONCALL):
            self.tell(body)
        self.activate(program)
        if settled:
            self.wait(SETTLED_S)

    def __repr__(self) -> str:
        """The end of what was told, for the reader of a property that failed."""
        happened = [told for told in self.told if told.body is not TICK]
        lines = [f"{told.seq} at {told.time_ms - START_MS} ms: {_shown(told.body)}" for told in happened[-60:]]
        return "\n".join(["a story that ends with", *lines])

    def tell(self, body: Body, node: str = "n1") -> list[Effect]:
        """The next message."""
        self.seq += 1
        message = Message(self.seq, self.now_ms, body, node)
        self.told.append(message)
        effects = list(step(self.state, message))
        self.effects += effects
        self.sent += commands(effects)
        return effects

    def tick(self, seconds: float = 1) -> list[Effect]:
        """One tick, `seconds` later."""
        self.now_ms += round(seconds * SECOND_MS)
        return self.tell(TICK)

    def wait(self, seconds: int) -> list[Effect]:
        """Time passes, with a tick every second."""
        return [effect for _ in range(seconds) for effect in self.tick()]

    def samples(self, *values: float, age_s: float = 0) -> list[Effect]:
        """One scrape of `up`, for the replicas 0, 1, … of the shop."""
        return self.scrape({replica(number): value for number, value in enumerate(values)}, age_s=age_s)

    def scrape(self, series: dict[Labels, float], *, age_s: float = 0, node: str = "n1", **more: Any) -> list[Effect]:
        """One scrape of these series, taken `age_s` ago."""
        names = list(series)
        batch = SampleBatch(
            time_ms=self.now_ms - round(age_s * SECOND_MS),
            layout=layout_digest(names),
            values=pack_values(list(series.values())),
            series=names,
            **more,
        )
        return self.tell(batch, node)

    def part(
        self, names: Sequence[Labels], samples: dict[int, float], *, named: bool = False, age_s: float = 0
    ) -> list[Effect]:
        """One scrape, taken `age_s` ago, that brings samples of some of the layout's series, by position."""
        batch = SampleBatch(
            time_ms=self.now_ms - round(age_s * SECOND_MS),
            layout=layout_digest(names),
            values=pack_values(list(samples.values())),
            series=list(names) if named else None,
            at=array("I", samples).tobytes(),
        )
        return self.tell(batch)

    def every_second(self, seconds: int, *values: float) -> list[Effect]:
        """A tick and a scrape of `up` each second."""
        return [effect for _ in range(seconds) for effect in (*self.tick(), *self.samples(*values))]

    def answer(
        self, command: Command, status: Status = "succeeded", reason: Reason | None = None, **more: Any
    ) -> list[Effect]:
        """The outcome of a command."""
        return self.tell(
            Outcome(
                command=command.id,
                actuator=command.actuator,
                scope=command.scope,
                verb=command.verb,
                target=command.target,
                status=status,
                executor="x",
                started_ms=self.now_ms,
                finished_ms=self.now_ms,
                reason=reason,
                **more,
            )
        )

    def halt(self, scope: str = "*") -> list[Effect]:
        return self.tell(Halt(id="h", by="ann", scope=scope, why="maintenance"))

    def resume(self, scope: str = "*") -> list[Effect]:
        return self.tell(Resume(id="r", by="ann", scope=scope))

    def approve(self, command: str, *, deny: bool = False, by: str = "ann") -> list[Effect]:
        return self.tell(Approve(id="a", by=by, command=command, deny=deny))

    def ask(self, verb: str, id: str = "q", **args: str) -> list[Effect]:  # noqa: A002 - the field's name
        return self.tell(Act(id=id, by="ann", verb=verb, args=args))

    def activate(self, program: Program) -> list[Effect]:
        """With what was told so far as the past, as the host reads it in the journal."""
        request = Activate(id="b", by="ann", bundle=program.digest)
        return self.tell(Activation(request, program, self._past(program), START_MS))

    def _past(self, program: Program) -> Past:
        past = Past(self.state, program, self.now_ms)
        since_ms = past.since_ms
        for message in self.told if since_ms is not None else ():
            if isinstance(message.body, SampleBatch) and message.time_ms >= (since_ms or 0):
                past.tell(message.seq, message.time_ms, message.node, message.body)
        return past


def _shown(body: Body) -> str:
    match body:
        case Activation():
            return f"activate {body.program.digest!r}"
        case SampleBatch():
            return f"samples {list(unpack_values(body.values))} of {body.time_ms - START_MS} ms"
        case Outcome():
            return f"{body.status} {body.reason or ''} {body.verb} {body.target}, command {body.command}"
        case Inventory():
            return f"inventory of {body.actuator}"
    return str(body)


def series(name: str, **labels: str) -> Labels:
    return canonical({"__name__": name} | labels)


def replica(number: int) -> Labels:
    """The series `up` of a replica of the shop."""
    return series("up", workload="shop", replica=str(number))


def commands(effects: Iterable[Effect]) -> list[Command]:
    return [effect for effect in effects if isinstance(effect, Command)]


def only_command(effects: Iterable[Effect]) -> Command:
    """The one command among the effects."""
    (command,) = commands(effects)
    return command


def silence_s(story: Story, command: Command) -> int:
    """How long from now on the command's actuator may still be silent."""
    ladder = story.state.ladders[story.state.awaited[command.id]]
    waited_for = ladder.command or command  # whose deadline the clock may have moved
    return (silent_ms(story.state, ladder, waited_for) - story.now_ms) // SECOND_MS


def alerts(effects: Iterable[Effect]) -> list[AlertTransition]:
    return [effect for effect in effects if isinstance(effect, AlertTransition)]


def states(effects: Iterable[Effect]) -> list[str]:
    """What alerts became, in order."""
    return [transition.state for transition in alerts(effects)]


def entries(effects: Iterable[Effect]) -> list[AuditEntry]:
    return [effect for effect in effects if isinstance(effect, AuditEntry)]


def reasons(effects: Iterable[Effect]) -> list[Reason]:
    """The reasons of decisions and commands, in order; not those of alert transitions or outcomes."""
    return [entry.reason for entry in entries(effects) if entry.reason and entry.kind in ("decision", "command")]


def asked(effects: Sequence[Effect]) -> str:
    """The id of the one command that a person is asked to approve."""
    (entry,) = [entry for entry in entries(effects) if entry.reason is Reason.AWAITING_APPROVAL]
    return entry.command


def values(story: Story, expr: str) -> dict[Labels, float]:
    return dict(compile_expr(expr).evaluate(story.state.store, story.now_ms).items())


def details(effects: list[Effect], reason: Reason) -> list[str]:
    """The details of the entries with this reason."""
    return [entry.detail for entry in entries(effects) if entry.reason is reason]


def rejection(effects: list[Effect]) -> str:
    (rejected,) = [effect for effect in effects if isinstance(effect, Rejected)]
    return rejected.reason
