"""Which texts a template may ask queries with, as far as they stand in it: what they look at must be kept."""

from collections.abc import Iterable, Iterator

from engine.template.nodes import Action, Body, Branch, Chain, Function, Literal, Node, Operand, Pipe, Use


def queried(bodies: Iterable[Body]) -> tuple[str, ...]:
    """Every text constant of a template that calls `query`, none of another. Some of them are no queries."""
    operands = [operand for body in bodies for node in body for operand in _of_node(node)]
    if not any(isinstance(operand, Function) and operand.name == "query" for operand in operands):
        return ()
    texts = (operand.value for operand in operands if isinstance(operand, Literal))
    return tuple(dict.fromkeys(text for text in texts if isinstance(text, str)))


def _of_node(node: Node) -> Iterator[Operand]:
    match node:
        case Action(pipe) | Use(_, Pipe() as pipe):
            yield from _of_pipe(pipe)
        case Branch(_, pipe, body, otherwise):
            yield from _of_pipe(pipe)
            for inner in (*body, *otherwise):
                yield from _of_node(inner)


def _of_pipe(pipe: Pipe) -> Iterator[Operand]:
    for command in pipe.commands:
        yield from _of_operands(command.operands)


def _of_operands(operands: Iterable[Operand]) -> Iterator[Operand]:
    for operand in operands:
        yield operand
        if isinstance(operand, Pipe):
            yield from _of_pipe(operand)
        elif isinstance(operand, Chain):
            yield from _of_operands((operand.operand,))
