"""Subjects on the bus, built and taken apart in one place.

A token made of an arbitrary name is percent-encoded (UTF-8) outside `[A-Za-z0-9_-]`, so that a name may hold dots,
spaces or wildcards and still be one token; an empty name is `%`.
"""

import hashlib
from urllib.parse import quote, unquote

JOURNAL = "JOURNAL"
ALERTS = "ALERTS"
COMMANDS = "COMMANDS"
AUDIT = "AUDIT"
DEAD = "DEAD"

STREAM_SUBJECTS: dict[str, tuple[str, ...]] = {
    JOURNAL: (
        "ops.metrics.*.*",
        "ops.events.*.*",
        "ops.outcomes.>",
        "ops.control.>",
        "ops.inventory.*",
        "ops.ticks.*",
    ),
    ALERTS: ("ops.alerts.*.*",),
    COMMANDS: ("ops.commands.*.*.*",),
    AUDIT: ("ops.audit.*",),
    DEAD: ("ops.dead.>",),
}


LONGEST_TOKEN = 256
"""A server drops the connection of whoever sends a longer line than it reads, and names come from outside."""
LONGEST_SUBJECT = 2048
"""Bytes of what we publish on, with room for the rest of the line."""


def token(name: str) -> str:
    """`name` as one subject token; one that would be too long is cut, and told apart by a digest at its end."""
    # quote() leaves "." and "~" alone, which subjects must not hold or need not.
    encoded = quote(name, safe="").replace(".", "%2E").replace("~", "%7E") or "%"
    if len(encoded) <= LONGEST_TOKEN:
        return encoded
    return encoded[: LONGEST_TOKEN - 34] + "--" + hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def untoken(part: str) -> str:
    """The name that `token` encoded, if it was not cut."""
    return "" if part == "%" else unquote(part)


def metrics(node: str, source: str) -> str:
    return f"ops.metrics.{token(node)}.{token(source)}"


def own_source(role: str) -> str:
    """The source of what a role of Reflexarc says of itself; no collector may bear the name."""
    return f"reflexarc-{role}"


def events(node: str, source: str) -> str:
    return f"ops.events.{token(node)}.{token(source)}"


def node_of(subject: str) -> str:
    """The node that published samples or events on this subject; empty for other subjects."""
    _, kind, publisher, *_ = subject.split(".")
    return untoken(publisher) if kind in ("metrics", "events") else ""


def source_of(subject: str) -> str:
    """The source of samples or events on this subject."""
    return untoken(subject.split(".", 3)[3])


def outcomes(actuator: str, scope: str) -> str:
    return f"ops.outcomes.{token(actuator)}.{token(scope)}"


def control(verb: str, by: str) -> str:
    """What a person or host says; the server authorises who that is."""
    return f"ops.control.{token(verb)}.{token(by)}"


def inventory(node: str) -> str:
    return f"ops.inventory.{token(node)}"


def ticks(shard: str) -> str:
    return f"ops.ticks.{token(shard)}"


def alerts(severity: str, alertname: str) -> str:
    return f"ops.alerts.{token(severity)}.{token(alertname)}"


def commands(actuator: str, scope: str, verb: str) -> str:
    return f"ops.commands.{token(actuator)}.{token(scope)}.{token(verb)}"


def all_commands(actuator: str, scope: str) -> str:
    """Every verb of one actuator on one scope."""
    return f"ops.commands.{token(actuator)}.{token(scope)}.*"


def audit(shard: str) -> str:
    return f"ops.audit.{token(shard)}"


def dead(origin_subject: str) -> str:
    """Where a message that came on `origin_subject` goes when it cannot be decoded.

    Whoever may publish chooses the subject: one that would be too long for us is cut, and told apart by a digest.
    """
    subject = "ops.dead." + origin_subject.removeprefix("ops.")
    if len(subject.encode()) <= LONGEST_SUBJECT:
        return subject
    digest = hashlib.blake2b(subject.encode(), digest_size=16).hexdigest()
    return f"{subject[: LONGEST_SUBJECT // 4].rstrip('.')}--{digest}"


def requests(role: str, what: str) -> str:
    """Request-reply subject of a live role, outside every stream."""
    return f"ops.requests.{token(role)}.{token(what)}"
