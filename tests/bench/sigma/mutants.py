"""Rules that are like others, but for one character in each thing that they look for."""

from collections.abc import Sequence
from random import Random

import msgspec

from engine.sigma.model import And, Detection, Keyword, Node, Or, Pattern, Text

_SHORTEST = 4
"""Another spelling of what is shorter would be found everywhere."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def multiplied(detections: Sequence[Detection], times: int, seed: int) -> list[Detection]:
    """The detections, and of each so many copies that there are `times` as many in all.

    What a copy is not to be stays as it is: a rule that no longer leaves out what is ordinary finds all of it.
    """
    random = Random(seed)
    copies = [
        msgspec.structs.replace(each, condition=_mutated(each.condition, random))
        for _ in range(times - 1)
        for each in detections
    ]
    return [*detections, *copies]


def _mutated(node: Node, random: Random) -> Node:
    match node:
        case And(of) | Or(of):
            return type(node)(tuple(_mutated(part, random) for part in of))
        case Text(_, pattern) | Keyword(pattern):
            return msgspec.structs.replace(node, pattern=_other(pattern, random))
    return node


def _other(pattern: Pattern, random: Random) -> Pattern:
    return tuple(
        _spelled(piece, random) if isinstance(piece, str) and len(piece) >= _SHORTEST else piece for piece in pattern
    )


def _spelled(literal: str, random: Random) -> str:
    at = random.randrange(len(literal))
    return literal[:at] + random.choice(_LETTERS) + literal[at + 1 :]
