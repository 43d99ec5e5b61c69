"""What can go wrong on the bus, named for whoever has to act on it.

A broken connection is not here: the bus outlives it. What remains is refusal by the server, a store that is full, or
a caller whose time ran out (`TimeoutError`).
"""


class BusError(Exception):
    """Base of all of them."""


class BusUnavailable(BusError):
    """The first connection was not to be had: nobody listens at the URL, or the credentials are not accepted."""


class BusClosed(BusError):
    """The connection was closed for good, by ourselves or by a server that refuses us."""


class PermissionDenied(BusError):
    """The server does not let this role publish on that subject."""


class TooLarge(BusError):
    """The message is larger than the server accepts."""


class StoreFull(BusError):
    """The server has no room to store the message. It was not stored; freeing space is a person's work."""


class ApiError(BusError):
    """JetStream refused a request. `code` is its error code (server/errors.json), `description` its words."""

    def __init__(self, subject: str, code: int, description: str) -> None:
        super().__init__(f"{subject}: {description} (JetStream error {code})")
        self.code = code
        self.description = description


class WrongLastSequence(BusError):
    """Another message came first: the newest on `subject` has sequence `actual`, not `expected`. None was stored."""

    def __init__(self, subject: str, expected: int, actual: int) -> None:
        super().__init__(f"{subject}: expected last sequence {expected}, found {actual}")
        self.expected = expected
        self.actual = actual


class Conflict(BusError):
    """A compare-and-set lost: the key exists already, or is no longer at the revision it was read at."""

    def __init__(self, bucket: str, key: str) -> None:
        super().__init__(f"key {key!r} of bucket {bucket!r} was changed by another")


class StreamMismatch(BusError):
    """A stream exists with settings that cannot be changed into those that Reflexarc needs."""


class StreamBehind(BusError):
    """A stream ends before the sequence that is asked for: it was lost or replaced since that was read."""

    def __init__(self, stream: str, last_seq: int, start_seq: int) -> None:
        super().__init__(
            f"stream {stream} ends at {last_seq}, cannot read on from {start_seq}: it was lost or replaced"
        )
        self.last_seq = last_seq
        self.start_seq = start_seq


class DigestMismatch(BusError):
    """An object's bytes are not those that were stored."""


class Lost(Exception):
    """The flow of replies broke off. Never leaves the runtime's readers: they start anew where they were."""
