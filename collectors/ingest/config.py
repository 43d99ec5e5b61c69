"""Where to listen, and what JSON of others means."""

import re
from typing import Self

from pydantic import Field, model_validator

from collectors.formats.mapping import Mapping
from collectors.receiving.config import Address, ReceivingConfig
from schemas.wording import shown

OWN_SOURCES = ("alertmanager", "cloudevents", "falco")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RESERVED = "reflexarc-"


class JsonSource(Mapping):
    """What is pushed to `/json/<name>`: an object, an array of them, or objects in lines. With `records`, the field
    that holds the list of records within an object. Fields are named by their key, or by a path such as
    `http.request.method` into objects within the object. `id` tells an event from the others of the source, and must
    then be there, as text or as a whole number. `time` is ISO 8601, or seconds, milli-, micro- or nanoseconds since
    1970. `message` names the field that becomes `message`, `rename` goes from theirs to ours. `product`, `category` and
    `service` are Sigma's log source, as fixed text or by the `field` that has it.
    """

    id: str | None = Field(default=None, min_length=1)
    """The field that tells an event from the others of the source; it must be there, as text or as a whole number."""
    records: str | None = Field(default=None, min_length=1)
    """The field of the pushed object that holds the list of records; without it the object is the record."""


class IngestConfig(ReceivingConfig):
    """Needs the extra `ingest`. Listens at `/cloudevents`, `/falco`, `/alertmanager` and, for each of `sources`,
    `/json/<name>`; [ingest.md](ingest.md) says how to point others at them.

    A push is answered 204 when all of its events are stored on the bus. One with anything wrong in it is answered 400,
    with the place of each mistake and what was expected, and nothing of it is stored. At most `max_pending_requests`
    pushes wait at a time; one more is answered 503 with `Retry-After`, and so is one that is not stored within
    `answer_within_s`, which is stored all the same when the bus is back. A push that comes again within
    `retry_window_s` is not stored again. Secrets are read from their files at each request.
    """

    listen: Address = "127.0.0.1:9202"
    body_size_limit_bytes: int = Field(default=1024 * 1024, gt=0)
    retry_window_s: float = Field(default=120.0, ge=0)
    sources: dict[str, JsonSource] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _named(self) -> Self:
        for name in self.sources:
            if not _NAME.fullmatch(name) or name in OWN_SOURCES or name.startswith(_RESERVED):
                taken = ", ".join(OWN_SOURCES)
                raise ValueError(
                    f"sources: expected a name of letters, digits, - and _, other than {taken} and {_RESERVED}…, "
                    f"got {shown(name)}"
                )
        return self
