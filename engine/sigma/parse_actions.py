"""What several documents of one file say together: `action: global`, `reset` and `repeat`.

What the document itself says goes before what it takes over. `correlation:` and `filter:` take nothing over.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from engine.sigma.documents import Document, Refused

ACTIONS = ("global", "reset", "repeat")


def rules_of(documents: Iterable[Document]) -> Iterator[tuple[Document, Refused | None]]:
    """The documents that are rules, filled up; or as they are, with the reason why they are none."""
    base: dict[str, Any] = {}
    before: dict[str, Any] = {}
    ids: set[str] = set()
    for document in documents:
        if document.content is None:  # as after a last `---`
            continue
        try:
            content = _mapping(document.content)
            action = _action(content)
        except Refused as refused:
            yield document, refused
            continue
        own = {field: value for field, value in content.items() if field != "action"}
        if action == "global":
            base = before = own
        elif action == "reset":
            base = {}
        elif action is None and ("correlation" in own or "filter" in own):
            yield document, None
        else:
            before = _over(before if action == "repeat" else base, own)
            yield document._replace(content=_of_its_own(before, own, ids)), None


def _mapping(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict) or not all(isinstance(field, str) for field in content):
        raise Refused("expected a Sigma rule: a mapping with title, logsource and detection")
    return content


def _action(content: dict[str, Any]) -> str | None:
    action = content.get("action")
    if action is not None and action not in ACTIONS:
        raise Refused(f"expected one of {', '.join(ACTIONS)}, got {action!r}", ("action",))
    return action


def _over(base: Any, own: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    return base | {field: _over(base.get(field), value) for field, value in own.items()}


def _of_its_own(content: dict[str, Any], own: dict[str, Any], ids: set[str]) -> dict[str, Any]:
    """An id that is taken over names the first rule only."""
    given = str(content.get("id"))
    if "id" not in own and given in ids:
        return {field: value for field, value in content.items() if field != "id"}
    ids.add(given)
    return content
