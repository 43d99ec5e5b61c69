"""Live questions about the engine's state, by request-reply: what the command line shows.

Reading only: nothing here changes the state, and nothing that is decided depends on it.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from nats.aio.msg import Msg

from engine.api import ApiError, Desk, failure, instant_text
from engine.core.alerting import worded
from engine.core.explain import Explanation, explain
from engine.core.intake import without_place
from engine.core.policy import Policy
from engine.core.scaling.memory import Memory
from engine.core.scaling.rule import ScaleRule
from engine.core.state import State
from engine.runtime import metrics, plays
from engine.runtime.bus import Bus
from engine.runtime.keys import KeyFile
from engine.runtime.publishing import now_ms
from engine.runtime.rule_source import RuleSource
from schemas import subjects
from schemas.control import Emergency, Halt
from schemas.samples import format_value

ROLE = "engine"


class WhyNot(msgspec.Struct, frozen=True):
    """The question `why-not`, of any target where none is named."""

    rule: str
    target: str = ""


class LiveView:
    """Serves `ops.requests.engine.*` for one engine. `state` gives the state as it is when asked; queries are answered
    as over HTTP, which `url` says where to reach, None for nowhere.
    """

    def __init__(
        self,
        bus: Bus,
        state: Callable[[], State],
        rules: RuleSource,
        desk: Desk,
        key: KeyFile,
        *,
        name: str,
        epoch: int,
        url: str | None,
    ) -> None:
        self._bus = bus
        self._state = state
        self._rules = rules
        self._desk = desk
        self._key = key
        self._url = url
        self._name = name
        self._epoch = epoch

    async def run(self) -> None:
        """Answer until cancelled."""
        questions: Mapping[str, Callable[[str], Any]] = {
            "alerts": lambda _: self._alerts(),
            "ladders": lambda _: self._ladders(),
            "playbooks": lambda name: plays.playbooks(self._state(), name),
            "run": lambda prefix: plays.run(self._state(), prefix),
            "runs": lambda last: plays.runs(self._state(), last),
            "status": lambda _: self._status(),
            "why-not": self._why_not,
        }
        for what, answer in questions.items():

            async def reply(msg: Msg, answer: Callable[[str], Any] = answer) -> None:
                await msg.respond(msgspec.json.encode(answer(msg.data.decode(errors="replace"))))

            await self._bus.nc.subscribe(subjects.requests(ROLE, what), cb=reply)
        await self._bus.nc.subscribe(subjects.requests(ROLE, "query"), cb=self._query)
        await asyncio.Event().wait()

    def _alerts(self) -> list[dict[str, Any]]:
        state = self._state()
        return [
            {
                "id": alert.id,
                "state": "firing" if alert.firing else "pending",
                "labels": dict(alert.labels),
                "annotations": worded(state, rule, alert),
                "value": format_value(alert.value),
                "active_at_ms": alert.active_at_ms,
                "onset": alert.onset,
            }
            for rule, active in state.alerts.items()
            for alert in active.values()
        ]

    def _ladders(self) -> list[dict[str, Any]]:
        return [
            {
                "id": ladder.id,
                "rule": ladder.origin.name,
                "alert": ladder.alert,
                "target": ladder.target,
                "phase": ladder.phase,
                "step": ladder.step,
                "of": len(ladder.rule.steps),
                "held_by": ladder.held_by,
                "due_ms": ladder.due_ms if ladder.phase == "scheduled" else None,
                "command": plays.answers_to(ladder),
                "does": plays.does(ladder),
            }
            for ladder in self._state().ladders.values()
        ]

    def _why_not(self, question: str) -> Explanation | dict[str, str]:
        """As of the journal: what the engine would decide with now."""
        try:
            asked = msgspec.json.decode(question, type=WhyNot)
        except msgspec.MsgspecError as error:
            return {"error": str(error)}
        state = self._state()
        return explain(state, asked.rule, asked.target, state.now_ms)

    def _status(self) -> dict[str, Any]:
        state = self._state()
        return {
            "engine": self._name,
            "epoch": self._epoch,
            "url": self._url,
            "journal_seq": state.seq,
            "lag_ms": max(now_ms() - state.now_ms, 0),
            "settling": state.now_ms < state.settle_until_ms,
            "series": len(state.store),
            "without_place": list(without_place(state)),
            "events": state.events_seen,
            "rules": {
                "alert": len(state.program.alerts),
                "record": len(state.program.records),
                "event": len(state.program.events) + len(state.program.counters),
                "heal": len(state.program.heals),
                "respond": len(state.program.responds),
                "scale": len(state.program.scales),
                "playbook": len(state.program.playbooks),
                "failing": state.failing,
                "refused": list(self._rules.errors),
                "left_out": list(self._rules.left_out),
            },
            "halts": {scope: _said(halt) for scope, halt in state.halts.items()},
            "policy": _policy(state.program.policy),
            "key": (key := self._key.current().id),
            "disbelieved_by": [
                owner
                for owner, inventory in state.inventory.items()
                if inventory.believes is not None and key not in inventory.believes
            ],
            "emergency": _said(state.emergency) if state.emergency else None,
            "services": sorted(state.services),
            "inventory": {
                key: [target.id for target in inventory.targets] for key, inventory in state.inventory.items()
            },
            "scales": [_scale(state, rule) for rule in state.program.scales],
            "metrics": metrics.values(),
        }

    async def _query(self, msg: Msg) -> None:
        try:
            answer = await self._desk.whole(instant_text(self._state(), msg.data.decode(errors="replace"), now_ms()))
        except ApiError as error:
            answer = failure(error)
        most = self._bus.nc.max_payload
        if len(answer) > most:
            problem = f"the answer has {len(answer)} bytes, expected at most {most}: ask for less, or over HTTP"
            answer = failure(ApiError("execution", problem))
        await msg.respond(answer)


def _policy(policy: Policy) -> str | None:
    """The file of the policy; None where there is none, or nothing in it."""
    return next((source.rpartition(":")[0] for source in policy.sources.values()), None)


def _said(request: Halt | Emergency) -> str:
    """Who said it, and why."""
    return request.by + (f": {request.why}" if request.why else "")


def _scale(state: State, rule: ScaleRule) -> dict[str, Any]:
    """What a scaling rule decided last, and why."""
    memory = state.scales.get(rule.id) or Memory()
    bounds = state.compiled.scales.rules[rule.id].bounds(state.program.zones, state.now_ms)
    return {
        "rule": rule.origin,
        "target": rule.target,
        "mode": rule.mode,
        "min": bounds.min,
        "max": bounds.max,
        "replicas": memory.wanted,
        "desired": memory.desired,
        "reason": memory.reason,
        "detail": memory.detail,
        "evaluated_ms": memory.evaluated_ms,
    }
