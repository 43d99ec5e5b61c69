"""How much a playbook does at once: so many ladders run beside each other, each with a command under way."""

from collections.abc import Iterator, Mapping, Sequence

from engine.core.steps import DEEPEST
from engine.rulefile.acts import PLAYBOOK
from engine.rulefile.errors import RuleError
from engine.rulefile.structure import Place
from schemas.playbookfile import NAME, PlaybookFile, Step

MOST_AT_ONCE = 100
"""So many steps a playbook takes at once, with all that the playbooks within it do."""


class Breadths:
    """How many steps each playbook takes at once, at most. `playbooks` are those that are run by their name."""

    def __init__(self, playbooks: Mapping[str, PlaybookFile]) -> None:
        self._playbooks = playbooks
        self._known: dict[tuple[str, int], int] = {}

    def mistakes(self, place: Place, model: PlaybookFile) -> Iterator[RuleError]:
        """Each step of a playbook that takes too many at once."""
        for nth, step in enumerate(model.steps):
            if step.parallel and (breadth := self._of_step(step, 1)) > MOST_AT_ONCE:
                message = f"takes {breadth} steps at once, with all that it runs, expected at most {MOST_AT_ONCE}"
                yield place.error(("steps", nth, "parallel"), message, key=True)

    def _of_step(self, step: Step, depth: int) -> int:
        if step.parallel:
            return sum(self._of_steps(branch, depth) for branch in step.parallel)
        called = step.verbs.get(PLAYBOOK, {}).get(NAME)
        return 1 if called is None else self._of_playbook(called, depth)

    def _of_steps(self, steps: Sequence[Step], depth: int) -> int:
        return max((self._of_step(step, depth) for step in steps), default=1)

    def _of_playbook(self, name: str, depth: int) -> int:
        """What is deeper than playbooks run is not begun; so what runs itself, which is told elsewhere, ends here."""
        found = self._playbooks.get(name)
        if found is None or depth > DEEPEST:
            return 1
        if (name, depth) not in self._known:
            self._known[name, depth] = self._of_steps(found.steps, depth + 1)
        return self._known[name, depth]
