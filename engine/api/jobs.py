"""What is to be done for an answer, before it is known where: in the loop, or beside it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from engine.api import body
from engine.api.errors import ApiError
from engine.promql import PromqlError, is_demanding

STATUS_DIGITS = 3
MOST_S = 120.0
_COSTLY = 10**9


@dataclass(frozen=True)
class Job:
    """`answer` makes the body, and reads the state. `cost` is about how many microseconds that takes.

    `answer` may raise `ApiError` and `PromqlError`, but not once it has begun to yield.
    """

    cost: int
    answer: Callable[[], Iterable[bytes]]
    most_s: float = MOST_S
    """How long the answer may take, seconds."""

    def run(self) -> Iterator[bytes]:
        """The status in three digits, and then the body."""
        try:
            answer = self.answer()
        except PromqlError as error:
            yield from _refused(ApiError("execution", str(error)))
        except ApiError as error:
            yield from _refused(error)
        else:
            yield b"200"
            yield from answer


def planned(texts: Iterable[str], plan: Callable[[], Job]) -> Job:
    """The job that `plan` makes; with demanding expressions among the texts, a costly one that plans it too.

    Raises `ApiError`.
    """
    if any(map(is_demanding, texts)):
        return Job(_COSTLY, lambda: plan().answer())
    return plan()


def _refused(error: ApiError) -> Iterator[bytes]:
    yield str(error.status).encode()
    yield body.failure(error)
