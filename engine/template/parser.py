"""Tokens to nodes. Unknown functions and variables are errors here, so that a rule file with them is never loaded."""

from collections.abc import Collection

from engine.template.errors import TemplateError
from engine.template.lexer import Token
from engine.template.nodes import Action, Body, Branch, Leave, Node, Text
from engine.template.pipelines import Pipelines

_BRANCHES = ("if", "with", "range")
_REFUSED = ("define", "template", "block")


class Parser(Pipelines):
    """Text, actions and blocks. One parser parses one template."""

    def __init__(self, text: str, functions: Collection[str], variables: Collection[str]) -> None:
        super().__init__(text, functions, variables)
        self._ranges = 0

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
            nodes.append(self._action(word))

    def _action(self, word: Token) -> Node:
        keyword = word.text if word.kind == "name" else ""
        if keyword in _REFUSED:
            raise TemplateError(f"`{keyword}` is not supported in rules", word.offset)
        if keyword in _BRANCHES:
            return self._branch(self._take())
        if keyword in ("break", "continue"):
            return self._leave(self._take())
        pipe = self._pipe("close")
        return Action(pipe)

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
        body, stop = self._branch_body(word)
        del self._variables[outer:]
        otherwise: Body = ()
        if stop.text == "else":
            otherwise, stop = self._otherwise()
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
        body, stop = self._body()
        self._ranges -= word.text == "range"
        self._dot_is_data = dot_was_data
        if stop.text == "end":
            self._take("close", "}} after end")
        return body, stop

    def _otherwise(self) -> tuple[Body, Token]:
        """What follows `else`: a body up to `end`, or with `else if` one more branch, which takes the `end` itself."""
        word = self._peek()
        if word.kind == "name" and word.text in ("if", "with"):
            return (self._branch(self._take()),), Token("name", "end", word.offset)
        self._take("close", "}} after else")
        body, stop = self._body()
        if stop.text == "else":
            raise TemplateError("`else` after `else`", stop.offset)
        if stop.kind != "end":
            self._take("close", "}} after end")
        return body, stop
