"""Tokens to nodes. Unknown functions and variables are errors here, so that a rule file with them is never loaded."""

from collections.abc import Collection

from engine.template.errors import TemplateError
from engine.template.lexer import Token
from engine.template.literals import constant
from engine.template.nodes import Action, Body, Branch, Leave, Node, Text, Use
from engine.template.pipelines import Pipelines

_BRANCHES = ("if", "with", "range")


class Parser(Pipelines):
    """Text, actions and blocks. One parser parses one template."""

    def __init__(self, text: str, functions: Collection[str], variables: Collection[str]) -> None:
        super().__init__(text, functions, variables)
        self._ranges = 0
        self._within = 0
        self.definitions: dict[str, Body] = {}

    def template(self) -> Body:
        body, word = self._body()
        if word.kind != "end":
            raise TemplateError(f"unexpected {word.text}", word.offset)
        return body

    def _body(self) -> tuple[Body, Token]:
        """Nodes up to an `end` or `else`, which is taken and returned, or up to the end of the template."""
        nodes: list[Node] = []
        while True:
            token = self._take()
            if token.kind == "end":
                return tuple(nodes), token
            if token.kind == "text":
                nodes.append(Text(token.text))
                continue
            word = self._peek()
            if word.kind == "name" and word.text in ("end", "else"):
                return tuple(nodes), self._take()
            if word.kind == "name" and word.text == "define":
                self._define(self._take())
            else:
                nodes.append(self._action(word))

    def _action(self, word: Token) -> Node:
        keyword = word.text if word.kind == "name" else ""
        if keyword in _BRANCHES:
            return self._branch(self._take())
        if keyword in ("template", "block"):
            return self._use(self._take())
        if keyword in ("break", "continue"):
            return self._leave(self._take())
        pipe = self._pipe("close")
        return Action(pipe)

    def _define(self, word: Token) -> None:
        """`define "name"` and what follows, up to and with its `end`: text that is printed where it is used."""
        if self._within:
            raise TemplateError("`define` within a block", word.offset)
        name = self._name()
        self._take("close", "}} after the name")
        self._definition(name, word)

    def _use(self, word: Token) -> Use:
        """`template "name" pipeline`, or `block`, which defines what it uses."""
        name = self._name()
        pipe = None
        if word.text == "block" or self._peek().kind != "close":
            pipe = self._pipe("close")
        else:
            self._take()
        if word.text == "block":
            self._definition(name, word)
        return Use(name, pipe, word.offset)

    def _name(self) -> str:
        token = self._take()
        if token.kind not in ("string", "raw"):
            raise TemplateError(f"expected the name of a template in quotes, got {token.text}", token.offset)
        return str(constant(token))

    def _definition(self, name: str, word: Token) -> None:
        """A body with data and variables of its own."""
        outside = self._variables, self._ranges, self._dot_is_data
        self._variables, self._ranges, self._dot_is_data = ["$"], 0, False
        self._enter(word.offset)
        body, stop = self._inner_body()
        if stop.text != "end" or stop.kind == "end":
            raise TemplateError(f"`{word.text}` has no `end`", word.offset)
        self._take("close", "}} after end")
        self._depth -= 1
        self._variables, self._ranges, self._dot_is_data = outside
        if self.definitions.get(name) and body:
            raise TemplateError(f'template "{name}" is defined twice', word.offset)
        self.definitions[name] = body or self.definitions.get(name, ())

    def _inner_body(self) -> tuple[Body, Token]:
        self._within += 1
        found = self._body()
        self._within -= 1
        return found

    def _leave(self, word: Token) -> Leave:
        if not self._ranges:
            raise TemplateError(f"`{word.text}` outside of `range`", word.offset)
        self._take("close", "}}")
        return Leave(word.text)

    def _branch(self, word: Token) -> Branch:
        """What follows `if`, `with` or `range`, up to and with its `end`."""
        self._enter(word.offset)
        outer = len(self._variables)
        pipe = self._pipe("close", most_variables=2 if word.text == "range" else 1)
        after_pipe = len(self._variables)
        body, stop = self._branch_body(word)
        del self._variables[after_pipe:]
        otherwise: Body = ()
        if stop.text == "else":
            otherwise, stop = self._otherwise(word.text)
        del self._variables[outer:]
        if stop.kind == "end":
            raise TemplateError(f"`{word.text}` has no `end`", word.offset)
        self._depth -= 1
        return Branch(word.text, pipe, body, otherwise)

    def _branch_body(self, word: Token) -> tuple[Body, Token]:
        """The first body of a branch. Inside `with` and `range` the dot is no longer the data."""
        dot_was_data = self._dot_is_data
        self._dot_is_data = dot_was_data and word.text == "if"
        self._ranges += word.text == "range"
        body, stop = self._inner_body()
        self._ranges -= word.text == "range"
        self._dot_is_data = dot_was_data
        if stop.text == "end":
            self._take("close", "}} after end")
        return body, stop

    def _otherwise(self, keyword: str) -> tuple[Body, Token]:
        """What follows `else`: a body up to `end`, or with `else if` (of an `if`) or `else with` (of a `with`) one more
        branch, which takes the `end` itself.
        """
        word = self._peek()
        if word.kind == "name" and word.text == keyword != "range":
            return (self._branch(self._take()),), Token("name", "end", word.offset)
        self._take("close", "}} after else")
        body, stop = self._inner_body()
        if stop.text == "else":
            raise TemplateError("`else` after `else`", stop.offset)
        if stop.kind != "end":
            self._take("close", "}} after end")
        return body, stop
