"""What happens to one command: check, claim, act, store the outcome, acknowledge. Each step leaves its mark before the
next begins, so that whoever finds the command again after a crash knows how far it came.

    found in the ledger              what is done
    -------------------------------  ------------------------------------------------------------------
    nothing                          claim it and act
    an outcome                       publish that outcome again, acknowledge; to a copy of the message nothing
    a claim of a living executor     leave it; it comes again when that claim has lapsed
    a claim of a dead executor       ask the target (`observe`): effect found → succeeded, absent → act,
                                     begun → bring it to its end, however late, no mark kept → `unknown`,
                                     never repeated
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog

from engine.runtime import halts
from engine.runtime.admission import Admitted
from engine.runtime.bus import Bus
from engine.runtime.claims import Busy, Claims, Held, Replayed, Taken
from engine.runtime.metrics import COMMANDS, REFUSED
from engine.runtime.trust import Refusal
from engine.runtime.workqueue import Delivery
from schemas import subjects
from schemas.codec import encode
from schemas.commands import Command
from schemas.outcomes import Outcome, Status
from schemas.plugins import Actuator, ConditionFailed, Effect, EffectFailed, EffectUnknown, VerbSpec
from schemas.reasons import Reason
from schemas.secrets import Secrets

log = structlog.get_logger()


class HaltedError(Exception):
    """Acts on the target were halted while the command waited for its next effect."""


Refuse = Callable[[Delivery, Refusal], Coroutine[Any, Any, None]]


class Performance:
    """Carries out commands of one actuator. Calls for one lock must come one at a time."""

    def __init__(
        self,
        bus: Bus,
        actuator: Actuator,
        verbs: Mapping[str, VerbSpec],
        claims: Claims,
        executor: str,
        now_ms: Callable[[], int],
        before_answer: Callable[[], Coroutine[Any, Any, None]],
        secrets: Secrets,
        refuse: Refuse,
    ) -> None:
        self._bus = bus
        self._actuator = actuator
        self._verbs = verbs
        self._claims = claims
        self._executor = executor
        self._now_ms = now_ms
        self._before_answer = before_answer
        self._secrets = secrets
        self._refuse = refuse

    async def __call__(self, admitted: Admitted, delivery: Delivery) -> None:
        """Answer one delivery of a command."""
        command, sent, _ = admitted
        claimed = await self._claims.take(command, sent)
        if isinstance(claimed, Busy):
            await delivery.nak(claimed.wait_ms / 1000)
            return
        if isinstance(claimed, Replayed):
            await self._refuse(delivery, Refusal(Reason.REPLAYED, f"it was answered as message {claimed.seq}"))
            return
        if isinstance(claimed, Taken):
            held = Held(self._claims, command, sent, claimed.revision, self._now_ms)
            async with held.renewed():
                outcome = await self._outcome(admitted, held, again=claimed.again)
                # What the effect changed is in the journal before the outcome, so that the next decision knows it.
                await self._before_answer()
            await held.answer(outcome)
            COMMANDS.labels(verb=command.verb, status=outcome.status).inc()
        else:
            outcome = claimed
        await self._bus.publish(
            subjects.outcomes(command.actuator, command.scope), encode(outcome), msg_id=f"outcome.{command.id}"
        )
        await delivery.ack()

    async def _outcome(self, admitted: Admitted, held: Held, *, again: bool) -> Outcome:
        """The checks in their order, and then the act."""
        command, sent, forbidden = admitted
        reply = _Reply(command, self._executor, self._now_ms, self._secrets)
        verb = self._verbs.get(command.verb)
        if verb is None:
            return reply("refused", Reason.UNKNOWN_VERB, f"this actuator has {', '.join(sorted(self._verbs))}")
        if again:
            seen = await self._actuator.observe(command)
            if isinstance(seen, Effect):
                return reply.succeeded(seen, observed=True)
            if seen == "unmarked":
                return reply("unknown", Reason.LEASE_LAPSED)
            if seen == "begun":  # neither late nor old: the effect is there, and it takes its end to tell of it
                return await self._act(command, verb, held, reply)
        if forbidden:
            REFUSED.labels(reason=Reason.NOT_AUTHORIZED).inc()
            return reply("refused", Reason.NOT_AUTHORIZED, forbidden)
        if refused := await self._claims.enter(command, sent.epoch):
            return reply("refused", refused)
        if self._now_ms() > command.deadline_ms:
            return reply("expired", Reason.DEADLINE_PASSED)
        return await self._act(command, verb, held, reply)

    async def _act(self, command: Command, verb: VerbSpec, held: Held, reply: "_Reply") -> Outcome:
        try:
            async with asyncio.timeout(verb.timeout_ms / 1000):
                effect = await self._actuator.execute(command, self._gate(command, verb, held))
        except HaltedError as halted:
            return reply("refused", Reason.HALTED, str(halted))
        except ConditionFailed as failed:
            return reply("conflict", Reason.CONDITION_CHANGED, str(failed), before=dict(failed.actual))
        except EffectUnknown as unknown:
            return reply("unknown", detail=str(unknown))
        except EffectFailed as failed:
            return reply("failed", Reason.EFFECT_FAILED, str(failed))
        except TimeoutError:
            late = f"not done within {verb.timeout_ms / 1000:g} s"
            seen = await self._actuator.observe(command)
            if isinstance(seen, Effect):  # it happened; whether it helps is for `verify` to say
                return reply.succeeded(seen, observed=True)
            if seen == "unmarked":
                return reply("unknown", detail=late)
            return reply("failed", Reason.EFFECT_FAILED, late)
        return reply.succeeded(effect, observed=False)

    def _gate(self, command: Command, verb: VerbSpec, held: Held) -> Callable[[], Coroutine[Any, Any, None]]:
        async def gate() -> None:
            await held.check()
            halt = await halts.on(self._bus, command) if verb.changes_target else None
            if halt is not None:
                raise HaltedError(f"by {halt.by}" + (f": {halt.why}" if halt.why else ""))

        return gate


class _Reply:
    """Makes the outcome of one command, which is taken up now. What others said goes no further with a secret in it."""

    def __init__(self, command: Command, executor: str, now_ms: Callable[[], int], secrets: Secrets) -> None:
        self._command = command
        self._executor = executor
        self._now_ms = now_ms
        self._secrets = secrets
        self._started_ms = now_ms()

    def __call__(self, status: Status, reason: Reason | None = None, detail: str = "", **fields: Any) -> Outcome:
        command, detail = self._command, self._secrets.redact(detail)
        log.info("answered", verb=command.verb, target=command.target, status=status, reason=reason, detail=detail)
        return Outcome(
            command=command.id,
            actuator=command.actuator,
            scope=command.scope,
            verb=command.verb,
            target=command.target,
            status=status,
            executor=self._executor,
            started_ms=self._started_ms,
            finished_ms=self._now_ms(),
            reason=reason,
            detail=detail,
            **{name: self._secrets.redacted(value) for name, value in fields.items()},
        )

    def succeeded(self, effect: Effect, *, observed: bool) -> Outcome:
        before, after = dict(effect.before), dict(effect.after)
        return self(
            "succeeded",
            detail=effect.detail,
            before=before,
            after=after,
            observed=observed,
            undo=effect.undo,
            evidence=effect.evidence,
        )


@asynccontextmanager
async def in_progress(delivery: Delivery, every_s: float) -> AsyncIterator[None]:
    """Tell the queue, while the body runs or waits for its turn, that the delivery is in hand."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(every_s)
            await delivery.in_progress()

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
