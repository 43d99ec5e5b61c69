"""From two records of a path to what has changed, and to the event that says so.

An event's id depends only on the node, the path and the two records, so a change that is told twice is the same event.
"""

import grp
import pwd
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from collectors.formats.times import rfc3339
from collectors.integrity.record import OTHER, Record
from schemas.events import Event

SOURCE = "integrity"

CREATED, MODIFIED, DELETED, ATTRIBUTES = "created", "modified", "deleted", "attributes_modified"

_TYPES = {CREATED: "file.created", MODIFIED: "file.modified", DELETED: "file.deleted", ATTRIBUTES: "file.attributes"}
_CATEGORIES = {CREATED: "file_event", MODIFIED: "file_event", DELETED: "file_delete", ATTRIBUTES: "file_change"}


class Change(NamedTuple):
    """`before` is None for what was not there, `after` for what is not there any more; `what` names what differs.
    `silent`: it was found by reading, for nothing else told of it."""

    path: bytes
    before: Record | None
    after: Record | None
    what: tuple[str, ...] = ()
    silent: bool = False

    @property
    def action(self) -> str:
        if self.before is None:
            return CREATED
        if self.after is None:
            return DELETED
        return MODIFIED if {"type", "content"} & set(self.what) else ATTRIBUTES


def compared(path: bytes, before: Record | None, after: Record | None, *, silent: bool = False) -> Change | None:
    """What has changed; None for nothing that matters, such as a time alone."""
    if before is None or after is None:
        return Change(path, before, after) if before != after else None
    what = tuple(name for name, differs in _DIFFERS.items() if differs(before, after))
    return Change(path, before, after, what, silent) if what else None


def _has_other_content(before: Record, after: Record) -> bool:
    if before.sha256 and after.sha256:
        return before.sha256 != after.sha256
    if before.type != after.type or before.type == OTHER:
        return False
    return (before.size, before.mtime_ns) != (after.size, after.mtime_ns) and before.target is None


_DIFFERS: dict[str, Callable[[Record, Record], bool]] = {
    "type": lambda before, after: before.type != after.type,
    "content": _has_other_content,
    "owner": lambda before, after: before.uid != after.uid,
    "group": lambda before, after: before.gid != after.gid,
    "mode": lambda before, after: before.mode != after.mode,
    "target": lambda before, after: before.target != after.target,
}


def event_of(change: Change, node: str, now_ms: int) -> Event:
    """The event that says so."""
    action, path = change.action, change.path.decode(errors="replace")
    data: dict[str, Any] = {"message": _message(action, path, change), "event.action": action, "file.path": path}
    if change.what:
        data["file.changed"] = list(change.what)
    if change.silent:
        data["event.reason"] = "the content differs, though nothing else does"
    after = _fields(change.after) if change.after else {}
    before = _fields(change.before) if change.before else {}
    data |= {f"file.{name}": value for name, value in after.items()}
    data |= {f"file.previous.{name}": value for name, value in before.items() if after.get(name) != value}
    return Event(
        id=_id(node, change),
        source=SOURCE,
        type=_TYPES[action],
        time=rfc3339(now_ms),
        data=data,
        product="linux",
        category=_CATEGORIES[action],
        service=SOURCE,
    )


def baseline_event(node: str, paths: Sequence[str], now_ms: int, files: int, added: int, *, is_first: bool) -> Event:
    """That there is a baseline of these paths now: `files` of them, `added` to one that there was before."""
    action = "baseline_created" if is_first else "baseline_changed"
    data = {
        "message": f"the baseline of {files} files was {action.removeprefix('baseline_')}",
        "event.action": action,
        "integrity.paths": list(paths),
        "integrity.files": files,
        "integrity.added": added,
    }
    return Event(
        id=blake2b(f"{node}\0{action}\0{now_ms}".encode(), digest_size=16).hexdigest(),
        source=SOURCE,
        type="file.baseline",
        time=rfc3339(now_ms),
        data=data,
        product="linux",
        service=SOURCE,
    )


def _message(action: str, path: str, change: Change) -> str:
    what = f" ({', '.join(change.what)})" if change.what else ""
    return f"{path}: {action.replace('_', ' ')}{what}"


def _id(node: str, change: Change) -> str:
    states = msgspec.json.encode([change.before, change.after])
    parts = (node.encode(), change.path, states)
    return blake2b(b"\0".join(parts), digest_size=16).hexdigest()


def _fields(record: Record) -> dict[str, Any]:
    """Under the names that the Elastic Common Schema has below `file`."""
    fields: dict[str, Any] = {
        "type": record.type,
        "mode": f"{record.mode:04o}",
        "owner": _user(record.uid),
        "group": _group(record.gid),
    }
    if record.type == "file":
        fields |= {"size": record.size, "mtime": rfc3339(record.mtime_ns // 1_000_000)}
    if record.sha256 is not None:
        fields["hash.sha256"] = record.sha256
    if record.target is not None:
        fields["target_path"] = record.target
    return fields


@lru_cache(maxsize=256)
def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


@lru_cache(maxsize=256)
def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
