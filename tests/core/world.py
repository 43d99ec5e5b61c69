"""The small world of these tests: a shop of two replicas, somebody on call, and rules to write in one line each."""

from typing import Any

import msgspec

from engine.core.program import AlertRule, HealRule, Mode, Program, RecordingRule, Settings, Step, Verify
from engine.core.verbs import Verbs
from schemas.inventory import Inventory, Target
from schemas.outcomes import Undo
from tests.rulefile.verbs import VERBS

SECOND_MS = 1000
SETTINGS = Settings()
INTERVAL_S = SETTINGS.evaluation_interval_ms // SECOND_MS
COOLDOWN_S = 300
SETTLED_S = INTERVAL_S + 1
UNMOVED = Verify(expr='up{replica="{{ $labels.replica }}"} == 1', within_ms=30_000)
"""The `verify` of most ladders here: the alert's own replica is up again within 30 s, for two sample intervals."""


def alert(
    name: str = "Down", expr: str = "up == 0", *, for_s: int = 0, keep_firing_for_s: int = 0, **more: Any
) -> AlertRule:
    """An alert rule; its id is its name, expression and `for`, as those of a file's rules are."""
    return AlertRule(
        id=f"{name} {expr} {for_s}",
        group="g",
        name=name,
        expr=expr,
        source="rules.yaml:1",
        for_ms=for_s * SECOND_MS,
        keep_firing_for_ms=keep_firing_for_s * SECOND_MS,
        **more,
    )


def record(name: str, expr: str, **more: Any) -> RecordingRule:
    """A recording rule."""
    return RecordingRule(id=f"{name} {expr}", group="g", name=name, expr=expr, source="rules.yaml:1", **more)


def heal(
    *steps: Step, on: str = "Down", name: str = "Heal", mode: Mode = "auto", cooldown_s: int = COOLDOWN_S
) -> HealRule:
    """A ladder on the alert `on`."""
    return HealRule(
        id=name,
        group="g",
        name=name,
        alert=on,
        source="rules.yaml:1",
        steps=steps,
        mode=mode,
        cooldown_ms=cooldown_s * SECOND_MS,
    )


def respond(
    *steps: Step, on: str = "Down", name: str = "Contain", mode: Mode = "auto", cooldown_s: int = COOLDOWN_S
) -> HealRule:
    """A response to the alert `on`."""
    return msgspec.structs.replace(
        heal(*steps, on=on, name=name, mode=mode, cooldown_s=cooldown_s), id=name, kind="respond"
    )


def collect(**args: str) -> Step:
    """Look at the alert's workload, or what the arguments name."""
    return Step(verb="collect", args=args or {"workload": "{{ $labels.workload }}", "evidence": "processes, files"})


def isolate(verify: Verify | None = None, **args: str) -> Step:
    """Isolate the alert's workload, for as long as `revert_after` says."""
    return Step(verb="isolate", args={"workload": "{{ $labels.workload }}"} | args, verify=verify)


UNDO = Undo(verb="release", target="isolation:shop", condition={"generation": 8})
"""What the isolation of the shop is undone by."""


def restart(verify: Verify | None = UNMOVED, **args: str) -> Step:
    """Restart the alert's replica, or what the arguments name."""
    named = {"workload": "{{ $labels.workload }}", "replica": "{{ $labels.replica }}"}
    return Step(verb="restart", args=args or named, verify=verify)


def rollback(verify: Verify | None = UNMOVED, **args: str) -> Step:
    """Roll the alert's workload back."""
    return Step(verb="rollback", args={"workload": "{{ $labels.workload }}"} | args, verify=verify)


def page() -> Step:
    """Tell whoever is on call."""
    return Step(verb="page", args={"receiver": "oncall"})


def program(
    *rules: AlertRule | RecordingRule | HealRule,
    digest: str = "d",
    verbs: Verbs = VERBS,
    settings: Settings = SETTINGS,
    **about_events: Any,
) -> Program:
    """A program of these rules, in this order, with the verbs of a shop."""
    placed = [rule for rule in rules if not isinstance(rule, HealRule)]
    return Program(
        digest=digest,
        alerts=tuple(_placed(rule, at) for at, rule in enumerate(placed) if isinstance(rule, AlertRule)),
        records=tuple(_placed(rule, at) for at, rule in enumerate(placed) if isinstance(rule, RecordingRule)),
        heals=tuple(rule for rule in rules if isinstance(rule, HealRule) and rule.kind == "heal"),
        responds=tuple(rule for rule in rules if isinstance(rule, HealRule) and rule.kind == "respond"),
        verbs=dict(verbs),
        settings=settings,
        **about_events,
    )


def _placed(rule: Any, at: int) -> Any:
    return msgspec.structs.replace(rule, place=at)


def shop(generation: int = 7, **workload: Any) -> Inventory:
    """What the process actuator of node n1 owns."""
    attributes = {"generation": generation, "version": "v2", "previous_version": "v1"} | workload
    return Inventory(
        actuator="process",
        scope="n1",
        targets=(
            target("workload:shop", **attributes),
            target("replica:shop/0", generation=generation),
            target("replica:shop/1", generation=generation),
            Target(id="workload:bus", lock="bus", attributes={"generation": 1}, protected=True),
        ),
    )


def isolated_shop(generation: int = 8) -> Inventory:
    """The same, with the shop isolated as a whole."""
    found = shop(generation, isolated=True)
    isolation = target("isolation:shop", generation=generation)
    owned = (
        msgspec.structs.replace(each, attributes=each.attributes | {"isolated": True}) if each.lock == "shop" else each
        for each in found.targets
    )
    return msgspec.structs.replace(found, targets=(*owned, isolation))


def target(name: str, **attributes: Any) -> Target:
    """A target of the lock `shop`."""
    return Target(id=name, lock="shop", attributes=attributes)


ONCALL = Inventory(actuator="page", scope="n1", targets=(Target(id="receiver:oncall", lock="oncall", attributes={}),))
