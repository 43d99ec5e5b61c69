"""Whether some text of one field relates to some text of another (`fieldref`), in time that does not multiply.

Whoever writes an event can put a hundred thousand texts into either field, so that not every pair is compared.
"""

from collections.abc import Callable, Sequence

from ahocorasick_rs import BytesAhoCorasick, MatchKind

Texts = Sequence[str]
Related = Callable[[Texts, Texts], bool]


def equals(ones: Texts, others: Texts) -> bool:
    return not set(ones).isdisjoint(others)


def startswith(ones: Texts, others: Texts) -> bool:
    by_length = _by_length(others)
    for one in ones:
        for length, same in by_length:
            if length > len(one):
                break
            if one[:length] in same:
                return True
    return False


def endswith(ones: Texts, others: Texts) -> bool:
    by_length = _by_length(others)
    for one in ones:
        for length, same in by_length:
            if length > len(one):
                break
            if one[len(one) - length :] in same:
                return True
    return False


def contains(ones: Texts, others: Texts) -> bool:
    if len(others) == 1:
        (other,) = others
        return any(other in one for one in ones)
    if "" in others:
        return bool(ones)
    if not ones or not others:
        return False
    find = BytesAhoCorasick(list(map(_bytes, others)), matchkind=MatchKind.Standard).find_matches_as_indexes
    return any(find(_bytes(one)) for one in ones)


def _by_length(texts: Texts) -> list[tuple[int, set[str]]]:
    """From the shortest on; of all that fits into an event, there are few lengths."""
    found: dict[int, set[str]] = {}
    for text in texts:
        found.setdefault(len(text), set()).add(text)
    return sorted(found.items())


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
