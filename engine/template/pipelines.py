"""Tokens to pipelines: what stands between `{{` and `}}`, apart from the words that make blocks."""

from collections.abc import Collection

from engine.template.errors import TemplateError
from engine.template.lexer import Token, tokens
from engine.template.literals import constant
from engine.template.nodes import Chain, Command, Dot, Function, Literal, Operand, Pipe, Variable

MAX_DEPTH = 50
"""Of blocks and parentheses, so that no template can exhaust the stack."""

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "nil": None}
_END = Token("end", "the end of the template", 0)


class Pipelines:
    """Recursive descent over the tokens of one template. `label_names` are the labels that it names literally, and
    `param_names` the parameters.
    """

    def __init__(self, text: str, functions: Collection[str], variables: Collection[str]) -> None:
        self._tokens = list(tokens(text))
        self._next = 0
        self._depth = 0
        self._functions = functions
        self._variables = ["$", *variables]
        self._dot_is_data = True
        self.label_names: set[str] = set()
        self.param_names: set[str] = set()

    # --- tokens ---

    def _peek(self, ahead: int = 0) -> Token:
        index = self._next + ahead
        return self._tokens[index] if index < len(self._tokens) else _END

    def _take(self, kind: str = "", expected: str = "") -> Token:
        token = self._peek()
        if kind and token.kind != kind:
            raise TemplateError(f"expected {expected}, got {token.text}", token.offset)
        self._next += 1
        return token

    def _enter(self, offset: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TemplateError(f"nested more than {MAX_DEPTH} deep", offset)

    # --- pipelines ---

    def _pipe(self, closing: str, most_variables: int = 1) -> Pipe:
        """A pipeline up to and with the closing token."""
        start = self._peek().offset
        variables, declare = self._assigned(most_variables)
        commands = [self._command()]
        while self._peek().kind == "pipe":
            self._take()
            if self._peek().kind == closing:  # as in Go, a last | leads nowhere
                break
            command = self._command()
            if isinstance(command.operands[0], Literal | Dot):
                raise TemplateError("only a function can take a value from |", command.offset)
            commands.append(command)
        self._take(closing, "}}" if closing == "close" else ")")
        if declare:
            self._variables += variables
        return Pipe(variables, declare, tuple(commands), start)

    def _assigned(self, most: int) -> tuple[tuple[str, ...], bool]:
        """The variables before `:=` or `=`, and whether they are new."""
        names: list[str] = []
        ahead = 0
        while self._peek(ahead).kind == "variable":
            names.append(self._peek(ahead).text)
            follows = self._peek(ahead + 1)
            if follows.kind in ("declare", "assign") and len(names) <= most:
                self._next += ahead + 2
                return tuple(names), follows.kind == "declare"
            if follows.kind != "comma":
                break
            ahead += 2
        return (), False

    def _command(self) -> Command:
        offset = self._peek().offset
        operands = [self._operand()]
        while self._peek().kind not in ("pipe", "close", "right", "end", "text"):
            if not self._peek().spaced:
                raise TemplateError(f"unexpected {self._peek().text}", self._peek().offset)
            operands.append(self._operand())
        return Command(tuple(operands), offset)

    def _operand(self) -> Operand:
        token = self._take()
        operand = self._term(token)
        fields = [token.text[1:]] if token.kind == "field" else []
        while self._peek().kind == "field" and not self._peek().spaced:
            fields.append(self._take().text[1:])
        if not fields:
            return operand
        if isinstance(operand, Literal):
            raise TemplateError(f"{token.text} has no fields", token.offset)
        self._note_label(operand, fields)
        return Chain(operand, tuple(fields), token.offset)

    def _term(self, token: Token) -> Operand:
        match token.kind:
            case "dot" | "field":
                return Dot(token.offset)
            case "variable":
                self._check_variable(token.text, token.offset)
                return Variable(token.text, token.offset)
            case "string" | "raw" | "char" | "number":
                return Literal(constant(token), token.offset)
            case "name" if token.text in _WORDS:
                return Literal(_WORDS[token.text], token.offset)
            case "name" if token.text in self._functions:
                return Function(token.text, token.offset)
            case "name":
                raise TemplateError(f'function "{token.text}" is not defined', token.offset)
            case "left":
                return self._parenthesised(token)
        raise TemplateError(f"expected a value, got {token.text}", token.offset)

    def _parenthesised(self, token: Token) -> Pipe:
        self._enter(token.offset)
        pipe = self._pipe("right")
        self._depth -= 1
        return pipe

    def _check_variable(self, name: str, offset: int) -> None:
        if name not in self._variables:
            raise TemplateError(f'variable "{name}" is not defined', offset)

    def _note_label(self, operand: Operand, fields: list[str]) -> None:
        """Remember `$labels.x`, `.Labels.x` and `$.Labels.x`, and `$params.x`."""
        is_data = (isinstance(operand, Dot) and self._dot_is_data) or operand == Variable("$", operand.offset)
        if isinstance(operand, Variable) and operand.name == "$labels":
            self.label_names.add(fields[0])
        elif isinstance(operand, Variable) and operand.name == "$params":
            self.param_names.add(fields[0])
        elif is_data and fields[0] == "Labels" and len(fields) > 1:
            self.label_names.add(fields[1])
