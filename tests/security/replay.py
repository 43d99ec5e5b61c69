"""From raw lines to alerts: our parsers, our rules, the real core, with the journal's clock at the lines' times."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from collectors.formats import FORMATS
from collectors.formats.model import Parsed, Parser
from engine.core.messages import Activation, Body, Message
from engine.core.program import Program
from engine.core.state import State
from engine.core.step import step
from engine.rulefile import load, read
from engine.runtime.registry import actuators, verbs
from schemas.alerts import AlertTransition
from schemas.control import Activate, Tick
from schemas.durations import duration_ms
from schemas.events import Event, Events, time_ms

PACK = Path(__file__).parents[2] / "rules/security"
TICK = Tick(shard="0", interval_ms=1_000)
AFTER_MS = duration_ms("1h")
"""So long after the last line, whatever is decided at the end of a window has been."""

SHOP = r'\[%{TIMESTAMP_ISO8601:at}\] \S+: +{"type":"%{WORD:event.action}","ip":"%{IP:source.ip}".*'
"""The log of a shop, as whoever runs one would describe it in the configuration."""


def pack() -> Program:
    """The rules that we ship."""
    return load(read([PACK]), verbs(actuators()))


def parser(name: str, **settings: object) -> Parser:
    declared = FORMATS[name]
    return declared.build(declared.settings.model_validate(settings))


def shop() -> Parser:
    return parser("pattern", patterns=[SHOP], time="at", product="magento", timezone="UTC")


def events(lines: Iterable[str], parsers: Iterable[Parser], now_ms: int) -> Iterator[Event]:
    """The events of the lines that one of the parsers reads, in the order of the lines."""
    several = list(parsers)
    for number, line in enumerate(lines):
        for nth, each in enumerate(_parsed(line, several, now_ms)):
            product, category, service = each.source
            yield Event(
                id=f"{number}.{nth}",
                source="/var/log/some.log",
                type=each.type,
                time=each.time,
                data=each.data,
                product=product,
                category=category,
                service=service,
            )


def _parsed(line: str, parsers: list[Parser], now_ms: int) -> list[Parsed]:
    return next((found for each in parsers if (found := each.parse(line, now_ms))), [])


class Replay:
    """One shard of the engine with these rules. `firing` is what has fired, in order."""

    def __init__(self, program: Program, start_ms: int) -> None:
        self.state = State(now_ms=start_ms)
        self.now_ms = start_ms
        self.firing: list[AlertTransition] = []
        self._seq = 0
        self._tell(TICK)
        self._tell(Activation(Activate(id="b", by="test", bundle=program.digest), program))

    def tell(self, happened: Iterable[Event]) -> None:
        """Each at its time, or at once where another was later."""
        for event in happened:
            self.wait_until(time_ms(event) or self.now_ms)
            self._tell(Events((event,)), "web1")

    def wait_until(self, until_ms: int) -> None:
        """Ticks come whenever one has something to do."""
        while (due_ms := self.state.timers.next_ms()) is not None and due_ms <= until_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self._tell(TICK)
        self.now_ms = max(self.now_ms, until_ms)

    def end(self) -> None:
        self.wait_until(self.now_ms + AFTER_MS)

    def _tell(self, body: Body, node: str = "") -> None:
        self._seq += 1
        for effect in step(self.state, Message(self._seq, self.now_ms, body, node)):
            if isinstance(effect, AlertTransition) and effect.state == "firing":
                self.firing.append(effect)
