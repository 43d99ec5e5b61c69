"""Fields that are secret by their name, whatever they hold."""

import re
from collections.abc import Sequence
from functools import lru_cache

SECRET = (
    "apikey",
    "authorization",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "secretaccesskey",
    "secretkey",
    "token",
)
"""How such a name ends, in lower case and without what joins its words."""

_LAYOUTS = 256
_JOINS = re.compile("[^a-z0-9]+")


def plain(name: str) -> str:
    """The last part of a dotted name, so that `Client-Secret`, `client_secret` and `clientSecret` are one."""
    return _JOINS.sub("", name.rpartition(".")[2].lower())


class SecretNames:
    """Which names of fields are secret: those above, and `more`."""

    def __init__(self, more: Sequence[str] = ()) -> None:
        self._ends = (*SECRET, *map(plain, more))
        # Event after event has the same fields.
        self.any = lru_cache(maxsize=_LAYOUTS)(self._any)
        self.has = lru_cache(maxsize=_LAYOUTS)(self._has)

    def _any(self, names: tuple[str, ...]) -> bool:
        """Whether one of the names is secret."""
        return any(map(self._has, names))

    def _has(self, name: str) -> bool:
        return plain(name).endswith(self._ends)
