"""Prometheus' own test scripts as values: `load`, `clear`, `eval instant`, `eval range` with all kinds of `expect`.

The notation is documented in Prometheus' promql/promqltest/README.md. Nothing is evaluated here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.promql.notation import duration_ms, unquoted

_EVAL = re.compile(
    r"eval(?P<fail>_fail)?\s+(?:instant\s+at\s+(?P<at>\S+)|range\s+from\s+(?P<start>\S+)\s+to\s+(?P<end>\S+)"
    r"\s+step\s+(?P<step>\S+))\s+(?P<expr>.*)",
    re.DOTALL,
)
_EXPECT = re.compile(r"expect\s+(?P<what>\w+)(?:\s+(?P<how>msg|regex):\s*(?P<text>.+))?")
_RANGE_VECTOR = re.compile(r"expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)")
_POSITION = re.compile(r" \(\d+:\d+\)$")
_POSITION_REGEX = re.compile(r" ?\\\([^ ]*\\\)$")


@dataclass(frozen=True)
class Message:
    """A text that is expected. Positions in the expression are not: promql-parser has none."""

    text: str
    regex: bool

    def matches(self, text: str) -> bool:
        return bool(re.search(self.text, text)) if self.regex else self.text == text


@dataclass
class Eval:
    """One evaluation: where it is, what is asked, what is expected.

    `messages` holds the texts expected for each of `fail`, `warn`, `info`; an empty list expects any text.
    """

    line: int
    expr: str
    start_ms: int
    end_ms: int
    step_ms: int
    messages: dict[str, list[Message]] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    ordered: bool = False
    string: str | None = None
    range_vector: tuple[int, int, int] | None = None
    expected: list[str] = field(default_factory=list)

    @property
    def is_range(self) -> bool:
        return self.step_ms > 0

    def expect(self, line: str) -> None:
        """Take up one `expect` line."""
        if line.startswith("expect string"):
            self.string = unquoted(line.removeprefix("expect string").strip())
        elif found := _RANGE_VECTOR.match(line):
            start, end, step = map(duration_ms, found.groups())
            self.range_vector = (start, end, step)
        elif found := _EXPECT.fullmatch(line):
            self._expect(found["what"], found["how"], found["text"])

    def _expect(self, what: str, how: str | None, text: str | None) -> None:
        if what == "ordered":
            self.ordered = True
        elif what.startswith("no_"):
            self.without.add(what.removeprefix("no_"))
        else:
            messages = self.messages.setdefault(what, [])
            if text is not None:
                position = _POSITION_REGEX if how == "regex" else _POSITION
                messages.append(Message(position.sub("", text.strip()), how == "regex"))


@dataclass(frozen=True)
class Load:
    """Series to append, sampled every `interval_ms`. `nhcb`: also as native histograms with custom buckets."""

    interval_ms: int
    lines: tuple[str, ...]
    nhcb: bool


@dataclass(frozen=True)
class Clear:
    """Forget everything that was loaded."""


Command = Eval | Load | Clear


def commands(script: str) -> Iterator[Command]:
    """The commands of a script, in order."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate(script.splitlines(), 1):
        text = line.strip()
        if text.startswith("#"):
            continue
        if re.match(r"(load|load_with_nhcb|clear|eval|eval_fail)(\s|$)", text):
            if block:
                yield _command(block)
            block = []
        if text:
            block.append((number, text))
    if block:
        yield _command(block)


def _command(block: list[tuple[int, str]]) -> Command:
    (number, head), body = block[0], [text for _, text in block[1:]]
    if head.startswith("clear"):
        return Clear()
    if head.startswith("load"):
        return Load(duration_ms(head.split()[1]), tuple(body), nhcb=head.startswith("load_with_nhcb"))
    found = _EVAL.match(head)
    assert found is not None, f"line {number}: {head}"
    return _eval(number, found, body)


def _eval(number: int, found: re.Match[str], body: list[str]) -> Eval:
    if found["at"]:
        start_ms = end_ms = duration_ms(found["at"])
        result = Eval(number, found["expr"], start_ms, end_ms, 0)
    else:
        start_ms, end_ms, step_ms = (duration_ms(found[name]) for name in ("start", "end", "step"))
        result = Eval(number, found["expr"], start_ms, end_ms, step_ms)
    if found["fail"]:
        result.messages["fail"] = []
    for line in body:
        if line.startswith("expect"):
            result.expect(line)
        else:
            result.expected.append(line)
    return result
