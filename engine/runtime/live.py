"""Live questions about the engine's state, by request-reply: what the command line shows.

Reading only: nothing here changes the state, and nothing that is decided depends on it.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from nats.aio.msg import Msg

from engine.core.evaluate import worded
from engine.core.ladder import describe
from engine.core.state import State
from engine.promql import PromqlError, compile_expr
from engine.runtime import metrics
from engine.runtime.bus import Bus
from engine.runtime.publishing import now_ms
from engine.runtime.rule_source import RuleSource
from schemas import subjects
from schemas.samples import format_value

ROLE = "engine"


class LiveView:
    """Serves `ops.requests.engine.*` for one engine. `state` gives the state as it is when asked."""

    def __init__(self, bus: Bus, state: Callable[[], State], rules: RuleSource, name: str, epoch: int) -> None:
        self._bus = bus
        self._state = state
        self._rules = rules
        self._name = name
        self._epoch = epoch

    async def run(self) -> None:
        """Answer until cancelled."""
        questions: Mapping[str, Callable[[bytes], Any]] = {
            "alerts": lambda _: self._alerts(),
            "ladders": lambda _: self._ladders(),
            "status": lambda _: self._status(),
            "query": self._query,
        }
        for what, answer in questions.items():

            async def reply(msg: Msg, answer: Callable[[bytes], Any] = answer) -> None:
                await msg.respond(msgspec.json.encode(answer(msg.data)))

            await self._bus.nc.subscribe(subjects.requests(ROLE, what), cb=reply)
        await asyncio.Event().wait()

    def _alerts(self) -> list[dict[str, Any]]:
        state = self._state()
        return [
            {
                "id": alert.id,
                "state": "firing" if alert.firing else "pending",
                "labels": dict(alert.labels),
                "annotations": worded(state, state.compiled.rules[rule], alert),
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
                "command": ladder.command.id if ladder.command else None,
                "does": describe(ladder.command) if ladder.command else None,
            }
            for ladder in self._state().ladders.values()
        ]

    def _status(self) -> dict[str, Any]:
        state = self._state()
        return {
            "engine": self._name,
            "epoch": self._epoch,
            "journal_seq": state.seq,
            "lag_ms": max(now_ms() - state.now_ms, 0),
            "settling": state.now_ms < state.settle_until_ms,
            "series": len(state.store),
            "events": state.events_seen,
            "rules": {
                "alert": len(state.program.alerts),
                "record": len(state.program.records),
                "heal": len(state.program.heals),
                "failing": state.failing,
                "refused": list(self._rules.errors),
            },
            "halts": {scope: halt.by for scope, halt in state.halts.items()},
            "inventory": {
                key: [target.id for target in inventory.targets] for key, inventory in state.inventory.items()
            },
            "metrics": metrics.values(),
        }

    def _query(self, request: bytes) -> dict[str, Any]:
        state = self._state()
        try:
            step_ms = state.settings.evaluation_interval_ms
            plan = compile_expr(request.decode(errors="replace"), subquery_step_ms=step_ms)
            vector = plan.evaluate(state.store, now_ms(), state.settings.max_query_samples)
        except PromqlError as error:
            return {"error": str(error)}
        return {"result": [{"labels": dict(labels), "value": format_value(value)} for labels, value in vector.items()]}
