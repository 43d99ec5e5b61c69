"""What a test's rules act on: its `inventory`, and actuators that answer as its `outcomes` say."""

from collections.abc import Iterator, Mapping

from engine.core.messages import Body
from engine.core.verbs import Verbs, chosen
from engine.ruletest.cases import Failure
from engine.ruletest.model import Answer, InventoryTarget, UnitTestGroup
from schemas.commands import Command
from schemas.inventory import Inventory, Target
from schemas.outcomes import Outcome, Undo

EXECUTOR = "test"
SUCCEEDED = Answer(verb="")


class Plant:
    """The targets of one group of tests, with the attributes that the answered commands have left them."""

    def __init__(self, group: UnitTestGroup, verbs: Verbs) -> None:
        self._answers = group.outcomes
        self._verbs = verbs
        self._owned: dict[tuple[str, str], dict[str, Target]] = {}
        for each in group.inventory:
            owner = self._owned.setdefault((_actuators(each, verbs)[0], each.scope), {})
            owner[each.target] = Target(
                id=each.target,
                lock=each.lock or each.target,
                attributes=dict(each.attributes),
                protected=each.protected,
            )

    def inventories(self) -> list[Inventory]:
        """What each actuator owns."""
        return [
            Inventory(actuator=actuator, scope=scope, targets=tuple(targets.values()))
            for (actuator, scope), targets in self._owned.items()
        ]

    def takes_ms(self, command: Command) -> int:
        """How long it takes to answer."""
        return self._answer(command).takes_ms

    def answer(self, command: Command, now_ms: int) -> list[Body]:
        """Have the effect; returns the inventories after it, and the outcome."""
        answer = self._answer(command)
        target = self._owned[command.actuator, command.scope][command.target]
        before = dict(target.attributes)
        changed = {**self._asked(command, answer), **answer.after}
        target.attributes.update(changed)
        outcome = Outcome(
            command=command.id,
            actuator=command.actuator,
            scope=command.scope,
            verb=command.verb,
            target=command.target,
            status=answer.status,
            reason=answer.reason,
            executor=EXECUTOR,
            started_ms=command.issued_ms,
            finished_ms=now_ms,
            before=before,
            after=before | changed,
            undo=self._undo(command, answer, before),
        )
        return [*(self.inventories() if changed else ()), outcome]

    def _asked(self, command: Command, answer: Answer) -> dict[str, str]:
        """What a command that succeeded has made of the target: arguments that are attributes of it, as `replicas`."""
        if answer.status != "succeeded":
            return {}
        attributes = self._owned[command.actuator, command.scope][command.target].attributes
        return {name: str(value) for name, value in command.args.items() if name in attributes}

    def _undo(self, command: Command, answer: Answer, before: Mapping[str, str]) -> Undo | None:
        """As long as the target that undoes it is as it is now: where the answer says by which, or where it takes the
        target back to what it was."""
        undone = chosen(self._verbs, command.verb, {}, command.actuator)
        name = answer.undo or (command.target if undone and undone.undo_args else "")
        if not name or answer.status != "succeeded":
            return None
        verb = chosen(self._verbs, undone.undo, {}, command.actuator) if undone else None
        assert undone, "a command is of a verb"
        assert verb, "`mistakes` wants a verb that something undoes"
        found = self._owned[command.actuator, command.scope][name].attributes
        condition = {attribute: found.get(attribute) for attribute in verb.condition if attribute in found}
        args = {given: before[attribute] for given, attribute in undone.undo_args.items() if attribute in before}
        whole = {given: int(text) for given, text in args.items() if given in verb.integers and text.isdecimal()}
        return Undo(verb=verb.name, target=name, condition=condition, args=args | whole)

    def _answer(self, command: Command) -> Answer:
        """The first that fits."""
        fits = (
            answer
            for answer in self._answers
            if answer.verb == command.verb and answer.target in (None, command.target)
        )
        return next(fits, SUCCEEDED)


def mistakes(group: UnitTestGroup, verbs: Verbs) -> Iterator[Failure]:
    """What cannot be told from the test file alone: targets without an actuator, answers of no verb."""
    for nth, target in enumerate(group.inventory):
        if len(actuators := _actuators(target, verbs)) != 1:
            several = f"one of {', '.join(actuators)} as its `actuator`" if actuators else "a kind that verbs act on"
            yield Failure(("inventory", nth, "target"), f"target {target.target}", f"expected {several}")
    for nth, answer in enumerate(group.outcomes):
        if answer.verb not in verbs:
            known = ", ".join(sorted(verbs))
            yield Failure(("outcomes", nth, "verb"), f"verb {answer.verb}", f"expected one of {known}")
        elif answer.undo and not any(verb.undo for verb in verbs[answer.verb]):
            yield Failure(("outcomes", nth, "undo"), f"verb {answer.verb}", "expected none: nothing undoes it")
        elif answer.undo and answer.undo not in {target.target for target in group.inventory}:
            yield Failure(("outcomes", nth, "undo"), f"target {answer.undo}", "expected one of the inventory")


def _actuators(target: InventoryTarget, verbs: Verbs) -> list[str]:
    """Those that can own the target: the named one, or all that have a verb for its kind."""
    if target.actuator:
        return [target.actuator]
    kind = target.target.partition(":")[0]
    return sorted({verb.actuator for offered in verbs.values() for verb in offered if kind in verb.targets})
