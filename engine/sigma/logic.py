"""Conditions put together, with what is always so or never so left out."""

from collections.abc import Iterable

from engine.sigma.model import And, Node, Not, Or

ALWAYS = And(())
NEVER = Or(())


def all_of(nodes: Iterable[Node]) -> Node:
    parts: list[Node] = []
    for node in nodes:
        if node == NEVER:
            return NEVER
        parts.extend(node.of if isinstance(node, And) else (node,))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def any_of(nodes: Iterable[Node]) -> Node:
    parts: list[Node] = []
    for node in nodes:
        if node == ALWAYS:
            return ALWAYS
        parts.extend(node.of if isinstance(node, Or) else (node,))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def none_of(node: Node) -> Node:
    if node == ALWAYS:
        return NEVER
    if node == NEVER:
        return ALWAYS
    return node.of if isinstance(node, Not) else Not(node)
