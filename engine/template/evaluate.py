"""Nodes to text: walks a parsed template with the data of one alert."""

from collections.abc import Iterable, Mapping, Sequence

from engine.template import access, functions, gofmt
from engine.template.errors import TemplateError
from engine.template.nodes import (
    Action,
    Body,
    Branch,
    Chain,
    Command,
    Dot,
    Function,
    Leave,
    Literal,
    Node,
    Operand,
    Pipe,
    Text,
    Use,
    Variable,
)
from engine.template.prometheus import FUNCTIONS
from engine.template.values import Data, Query, Value, type_name

MAX_ROUNDS = 100_000
"""Of all `range` loops of one rendering together, so that no template can occupy the engine."""
MAX_USES = 50
"""Of definitions that use definitions."""


class _Left(Exception):
    """`break` or `continue`, on its way to the `range` it leaves."""

    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


class Evaluation:
    """One rendering. `variables` are in scope from the last to the first, as they were declared."""

    def __init__(self, data: Data, query: Query | None, definitions: Mapping[str, Body]) -> None:
        self._query = query
        self._definitions = definitions
        self._uses = 0
        self._rounds = 0
        self._printed: list[str] = []
        self._variables: list[tuple[str, Value]] = [
            ("$", data),
            ("$labels", data.labels),
            ("$params", data.labels),
            ("$externalLabels", data.external_labels),
            ("$externalURL", data.external_url),
            ("$value", data.value),
        ]
        self._data = data

    def text(self, body: Body) -> str:
        self._body(body, self._data)
        return "".join(self._printed)

    # --- nodes ---

    def _body(self, body: Body, dot: Value) -> None:
        """Variables declared in a body end with it."""
        outer = len(self._variables)
        for node in body:
            self._node(node, dot)
        del self._variables[outer:]

    def _node(self, node: Node, dot: Value) -> None:
        match node:
            case Text():
                self._printed.append(node.text)
            case Action():
                value = self._assign(node.pipe, self._pipe(node.pipe, dot))
                if not node.pipe.variables:
                    self._printed.append(gofmt.text(value))
            case Branch():
                outer = len(self._variables)
                self._branch(node, self._pipe(node.pipe, dot), dot)
                del self._variables[outer:]
            case Leave():
                raise _Left(node.keyword)
            case Use():
                self._use(node, None if node.pipe is None else self._pipe(node.pipe, dot))

    def _branch(self, branch: Branch, value: Value, dot: Value) -> None:
        if branch.keyword == "range":
            self._range(branch, value, dot)
        elif self._assign(branch.pipe, value):
            self._body(branch.body, value if branch.keyword == "with" else dot)
        else:
            self._body(branch.otherwise, dot)

    def _use(self, use: Use, data: Value) -> None:
        """Print a definition, which sees nothing but the data it is given."""
        if use.name not in self._definitions:
            raise TemplateError(f'template "{use.name}" not defined', use.offset)
        if self._uses == MAX_USES:
            raise TemplateError(f"templates within templates more than {MAX_USES} deep", use.offset)
        outside, self._variables = self._variables, [("$", data)]
        self._uses += 1
        self._go_round(use.offset)
        self._body(self._definitions[use.name], data)
        self._uses -= 1
        self._variables = outside

    def _go_round(self, offset: int) -> None:
        self._rounds += 1
        if self._rounds > MAX_ROUNDS:
            raise TemplateError(f"`range` went round more than {MAX_ROUNDS} times", offset)

    def _range(self, branch: Branch, value: Value, dot: Value) -> None:
        empty = True
        outer = len(self._variables)
        for key, item in _items(value, branch.pipe.offset):
            empty = False
            self._go_round(branch.pipe.offset)
            names = branch.pipe.variables
            self._set(branch.pipe, dict(zip(names, (key, item) if len(names) > 1 else (item,), strict=False)))
            try:
                self._body(branch.body, item)
            except _Left as left:
                if left.keyword == "break":
                    break
            finally:
                del self._variables[outer:]
        if empty:
            self._body(branch.otherwise, dot)

    # --- pipelines ---

    def _assign(self, pipe: Pipe, value: Value) -> Value:
        self._set(pipe, dict.fromkeys(pipe.variables, value))
        return value

    def _set(self, pipe: Pipe, values: Mapping[str, Value]) -> None:
        for name, value in values.items():
            if pipe.declare:
                self._variables.append((name, value))
            else:
                self._variables[self._position(name)] = (name, value)

    def _position(self, name: str) -> int:
        for position in reversed(range(len(self._variables))):
            if self._variables[position][0] == name:
                return position
        raise TemplateError(f"undefined variable: {name}")

    def _pipe(self, pipe: Pipe, dot: Value) -> Value:
        first, *others = pipe.commands
        value = self._command(first, dot, ())
        for command in others:
            value = self._command(command, dot, (value,))
        return value

    def _command(self, command: Command, dot: Value, piped: tuple[Value, ...]) -> Value:
        first, *operands = command.operands
        try:
            match first:
                case Function():
                    return self._call(first, operands, dot, piped)
                case Chain() if operands or piped:
                    arguments = [*(self._operand(operand, dot) for operand in operands), *piped]
                    return access.invoke(self._fields(first, dot, first.fields[:-1]), first.fields[-1], arguments)
                case Literal(value=None):
                    raise TemplateError("nil is not a command")
            if operands or piped:
                raise TemplateError("only a function can take arguments")
            return self._operand(first, dot)
        except TemplateError as error:
            raise TemplateError(error.message, error.offset or command.offset) from error

    def _call(self, function: Function, operands: list[Operand], dot: Value, piped: tuple[Value, ...]) -> Value:
        if function.name in ("and", "or"):
            return self._decide(function, operands, dot, piped)
        arguments = [*(self._operand(operand, dot) for operand in operands), *piped]
        return functions.call(function.name, FUNCTIONS[function.name], arguments, self._query)

    def _decide(self, function: Function, operands: list[Operand], dot: Value, piped: tuple[Value, ...]) -> Value:
        """`and` and `or`: the first operand that decides; those after it are not evaluated."""
        if not operands and not piped:
            raise TemplateError(f"{function.name}: expected at least 1 arguments, got 0")
        for operand in operands:
            value = self._operand(operand, dot)
            if bool(value) == (function.name == "or"):
                return value
        return piped[0] if piped else value

    def _operand(self, operand: Operand, dot: Value) -> Value:
        match operand:
            case Dot():
                return dot
            case Variable():
                return self._variables[self._position(operand.name)][1]
            case Literal():
                return operand.value
            case Pipe():
                return self._pipe(operand, dot)
            case Function():
                return self._call(operand, [], dot, ())
            case Chain():
                return self._fields(operand, dot, operand.fields)

    def _fields(self, chain: Chain, dot: Value, names: Sequence[str]) -> Value:
        value = self._operand(chain.operand, dot)
        for name in names:
            value = access.field(value, name)
        return value


def _items(value: Value, offset: int) -> Iterable[tuple[Value, Value]]:
    """What `range` goes over, with its keys: a list, a mapping by sorted key, or a number's count."""
    match value:
        case list():
            return list(enumerate(value))
        case Mapping():
            return sorted(value.items())
        case bool():
            pass
        case int():
            return ((number, number) for number in range(value))
        case None:
            return ()
    raise TemplateError(f"range cannot go over {type_name(value)}", offset)
