"""How programs that log in sentences are read: a table of sentences, found by their first word.

What a sentence holds is often chosen by an attacker, such as the name of a user who does not exist. So an expression
describes the whole sentence, and takes addresses from where the program puts them: seen from the end.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from collectors.formats.addresses import put_source
from collectors.formats.model import Fields

WHO = r"(?P<ip>\S+?)(?::? port (?P<port>\d+))?"
"""An address and, where it is there, its port."""
WHO_WITH_PORT = r"(?P<ip>\S+) port (?P<port>\d+)"
"""Where a name comes before the address, only the port tells where the name ends."""

LONGEST = 2048
"""Characters. Programs cut what they say at about a thousand, and the time that the expressions take is not linear."""
_NAMES = {
    "user": "user.name",
    "as_user": "user.effective.name",
    "changed": "user.target.name",
    "group": "group.name",
    "reason": "event.reason",
    "command": "process.command_line",
    "tty": "process.tty.name",
    "method": "ssh.method",
    "signature": "ssh.signature",
    "file": "file.path",
}
_WORD = re.compile(r"([\w,:'-]+)(?= |$)")
"""At the beginning of an expression, a word that is no expression."""


class Phrase(NamedTuple):
    """A sentence, and what is said by it. The names of groups are those above, `ip` and `port`."""

    pattern: str
    action: str
    outcome: str = ""


Read = Callable[[str], Fields | None]
"""A message to its fields; None for one that is not known."""


def reader(phrases: Sequence[Phrase]) -> Read:
    """The first of the phrases that fits counts."""
    compiled = [(_WORD.match(phrase.pattern), *_compiled(phrase)) for phrase in phrases]
    words = {word[1] for word, _, _ in compiled if word}
    anywhere = [(pattern, said) for word, pattern, said in compiled if not word]
    by_word = {
        each: [(pattern, said) for word, pattern, said in compiled if not word or word[1] == each] for each in words
    }

    def read(message: str) -> Fields | None:
        if len(message) <= LONGEST:
            for pattern, said in by_word.get(message.partition(" ")[0], anywhere):
                if found := pattern.fullmatch(message):
                    return _fields(found, said)
        return None

    return read


def _compiled(phrase: Phrase) -> tuple[re.Pattern[str], Fields]:
    said = {"event.action": phrase.action} | ({"event.outcome": phrase.outcome} if phrase.outcome else {})
    return re.compile(phrase.pattern, re.ASCII | re.DOTALL), said


def _fields(found: re.Match[str], said: Fields) -> Fields:
    fields = said.copy()
    groups = found.groupdict()
    if address := groups.get("ip"):
        put_source(fields, address, groups.get("port"))
    for group, value in groups.items():
        if value and group in _NAMES:
            fields[_NAMES[group]] = value
    return fields
