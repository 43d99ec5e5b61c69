"""An event without what is secret in it.

Nearly every event has nothing to hide, so one pass over all its texts, joined by newlines, looks for all patterns at
once, and the names of its fields are looked up as one. Only where something was found is each text looked at by itself.

What is found in one text is taken out of the others too: a password on a command line is an argument by itself in
another field, and in auditd's lines stands in hexadecimal.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.redaction.names import SecretNames
from engine.redaction.pattern import Finder, Pattern
from schemas.events import Event
from schemas.regexp import RegexpSet

REPLACEMENT = "[redacted:{name}]"
EXEMPT = ("accessKeyId", "ElevatedToken")
"""Names that look secret and say who or what it was: the key that CloudTrail knows a caller by, and a kind of login."""
BY_NAME = "field"
"""What counts and replacements call a secret that was known by the name of its field."""

_ECHOED_FROM = 6
"""Characters. Shorter secrets would be found by chance in other texts."""
_MOST_ECHOED = 32


class Redactor:
    """Takes secrets out of events. `exempt` are fields that stay as they are, by name or by the end of a dotted one;
    `names` are further ones that are secret. In `replacement`, `{name}` stands for the name of the pattern."""

    def __init__(
        self,
        patterns: Sequence[Pattern],
        *,
        names: Sequence[str] = (),
        exempt: Sequence[str] = EXEMPT,
        replacement: str = REPLACEMENT,
    ) -> None:
        self._finders = [Finder(pattern) for pattern in patterns]
        self._all = RegexpSet([finder.regexp for finder in self._finders])
        self._names = SecretNames(names)
        self._exempt = tuple(f".{name}" for name in exempt)
        every = [BY_NAME, *(finder.name for finder in self._finders)]
        self._replacements = {name: replacement.replace("{name}", name) for name in every}
        self._counts = dict.fromkeys(every, 0)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many secrets were taken out so far, by the name of their pattern."""
        return self._counts

    def redact(self, event: Event) -> Event:
        """The event itself where nothing in it is secret. Its id, its place in a file and its log source stay."""
        texts: list[str] = [event.subject] if event.subject else []
        named = self._gather(event.data, texts)
        # Patterns know the ends of a line and no others, so that joined texts hold whatever one of them holds.
        found = self._all.matching("\n".join(texts))
        if not found and not named:
            return event
        work = _Work(self, [self._finders[number] for number in sorted(found)])
        data, subject = work.redacted(event.data), work.redacted(event.subject)
        return msgspec.structs.replace(event, data=work.without_echoes(data), subject=work.without_echoes(subject))

    def _gather(self, value: Any, texts: list[str]) -> bool:
        """Add all texts within; whether there is a field with a secret name."""
        if type(value) is str:
            texts.append(value)
            return False
        named = False
        if type(value) is dict:
            named = self._names.any(tuple(value))
            value = value.values()
        elif type(value) is not list:
            return False
        for each in value:
            if type(each) is str:
                texts.append(each)
            elif (type(each) is dict or type(each) is list) and self._gather(each, texts):
                named = True
        return named

    def is_exempt(self, path: str) -> bool:
        """Whether the field stays as it is; `path` has a dot before each of its parts."""
        return path.endswith(self._exempt)

    def is_secret(self, name: str) -> bool:
        """Whether a field is secret by its name."""
        return self._names.has(name)

    def taken(self, secret: str, name: str) -> str:
        """What stands in the place of a secret, which is counted; but not what was put there before."""
        if secret in self._replacements.values():
            return secret
        self._counts[name] += 1
        return self._replacements[name]


class _Work:
    """On one event: what was found in it so far."""

    def __init__(self, redactor: Redactor, finders: Sequence[Finder]) -> None:
        self._redactor = redactor
        self._finders = finders
        self._found: dict[str, str] = {}

    def redacted(self, value: Any, path: str = "") -> Any:
        """The value without what the patterns find in it, and without what has a secret name."""
        match value:
            case str():
                return self._text(value)
            case dict():
                return {key: self._field(each, f"{path}.{key}", key) for key, each in value.items()}
            case list():
                return [self.redacted(each, path) for each in value]
        return value

    def without_echoes(self, value: Any, path: str = "") -> Any:
        """The value without what was found elsewhere in the event."""
        match value:
            case str():
                for secret, replacement in self._found.items():
                    value = value.replace(secret, replacement)
                return value
            case dict():
                return {key: self._echo(each, f"{path}.{key}") for key, each in value.items()}
            case list():
                return [self.without_echoes(each, path) for each in value]
        return value

    def _field(self, value: Any, path: str, key: str) -> Any:
        if self._redactor.is_exempt(path):
            return value
        return self._whole(value, path) if self._redactor.is_secret(key) else self.redacted(value, path)

    def _echo(self, value: Any, path: str) -> Any:
        return value if self._redactor.is_exempt(path) else self.without_echoes(value, path)

    def _whole(self, value: Any, path: str) -> Any:
        """A text or number that is secret as it is. What is within an object goes by the names that it has there."""
        match value:
            case None | bool() | "":
                return value
            case str() | int() | float():
                return self._taken(str(value), BY_NAME)
            case list():
                return [self._whole(each, path) for each in value]
        return self.redacted(value, path)

    def _text(self, text: str) -> str:
        for finder in self._finders:
            text = finder.replace(text, lambda secret, name=finder.name: self._taken(secret, name))  # type: ignore[misc]
        return text

    def _taken(self, secret: str, name: str) -> str:
        replacement = self._redactor.taken(secret, name)
        if len(secret) >= _ECHOED_FROM and len(self._found) < _MOST_ECHOED and secret not in replacement:
            self._found[secret] = replacement
            self._found[secret.encode().hex().upper()] = replacement
        return replacement
