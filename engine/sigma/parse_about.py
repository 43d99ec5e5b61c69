"""What a rule says of itself. What only people read is taken as it is; what decides something must be right."""

import hashlib
from typing import Any

from engine.sigma.documents import Refused
from engine.sigma.model import About

LEVELS = ("informational", "low", "medium", "high", "critical")
STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")


def about(content: dict[str, Any]) -> About:
    """Raises Refused."""
    title = content.get("title")
    if not isinstance(title, str) or not title.strip():
        raise Refused("expected a title", ("title",))
    return About(
        title=title,
        level=_one_of(content, "level", LEVELS),
        status=_one_of(content, "status", STATUSES),
        description=_text(content.get("description")),
        author=_text(content.get("author")),
        date=_text(content.get("date")),
        modified=_text(content.get("modified")),
        tags=_texts(content.get("tags")),
        falsepositives=_texts(content.get("falsepositives")),
        references=_texts(content.get("references")),
        fields=_texts(content.get("fields")),
    )


def identity(content: dict[str, Any]) -> str:
    """The rule's own id, or a digest of what it says. Raises Refused."""
    given = content.get("id")
    if given is None:
        # Not as JSON: YAML has keys that JSON has not.
        return hashlib.sha256(repr(content).encode("utf-8", "backslashreplace")).hexdigest()[:32]
    return _word(given, "id").lower()


def name(content: dict[str, Any]) -> str:
    """What other rules may call it, beside its id. Raises Refused."""
    given = content.get("name")
    return "" if given is None else _word(given, "name")


def _word(given: Any, field: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise Refused(f"expected a text, got {given!r}", (field,))
    return given.strip()


def _one_of(content: dict[str, Any], field: str, known: tuple[str, ...]) -> str:
    given = content.get(field)
    if given is None:
        return ""
    if not isinstance(given, str) or given.lower() not in known:
        raise Refused(f"expected one of {', '.join(known)}, got {given!r}", (field,))
    return given.lower()


def _text(given: Any) -> str:
    return ", ".join(_texts(given)) if isinstance(given, list) else "" if given is None else str(given)


def _texts(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    return tuple(str(each) for each in given if each is not None) if isinstance(given, list) else (str(given),)
