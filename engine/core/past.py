"""The past of an activation: what the journal held before it of the series that only the new rules look at.

The host reads the journal again and tells it to a `Past`; the activation then puts it into the columns as if these
series had always been kept. Nothing is evaluated over the past, so nothing fires about it.
"""

import numpy as np
from msgspec.structs import replace

from engine.core import intake
from engine.core.compiled import CompiledRule, compile_program
from engine.core.layout import DROPPED, Layout
from engine.core.needs import needed
from engine.core.program import Program
from engine.core.rebase import follow
from engine.core.scaling.compiled import CompiledScale
from engine.core.state import State
from engine.core.turn import Turn
from engine.promql import Covered
from schemas.audit import AuditEntry
from schemas.reasons import Reason
from schemas.samples import LAYOUT_REFRESH_MS, SampleBatch

_NAMES_TOLD = 10


class Past:
    """What `program`, activated in `state` at `now_ms`, wants to know of the time before. `planned` is its plan."""

    def __init__(self, state: State, program: Program, now_ms: int) -> None:
        self.planned = compile_program(program, state.compiled)
        kept = Covered(state.store.selectors)
        looked_at = needed(program, self.planned, state.ladders.values())
        self._missing = frozenset(each for each in looked_at if each not in kept)
        every: list[CompiledRule | CompiledScale] = [*self.planned.rules.values(), *self.planned.scales.rules.values()]
        self._rules = [rule for rule in every if self._missing.intersection(rule.selectors())]
        self._now_ms = now_ms
        room = max(program.settings.max_series - len(state.store), 0)
        self._told = State(program=Program(digest="", settings=replace(program.settings, max_series=room)))
        self._told.store.retain(self._missing)

    @property
    def since_ms(self) -> int | None:
        """The time of the oldest message that is to be told: in what comes then, every layout is named. None: none."""
        reaches_ms = [selector.window_ms for selector in self._missing]
        return self._now_ms - max(*reaches_ms, 2 * LAYOUT_REFRESH_MS) if reaches_ms else None

    def tell(self, seq: int, time_ms: int, node: str, batch: SampleBatch) -> None:
        """The samples of one message. They come in the journal's order."""
        follow(self._told, time_ms)
        self._told.now_ms = max(self._told.now_ms, time_ms)
        intake.append(Turn(self._told, self._told.now_ms, seq), batch, node)

    def fill(self, state: State) -> None:
        """Put what was told into the columns of `state`, where there is nothing yet."""
        row_of = state.store.fill(self._told.store)
        for digest, told in self._told.layouts.items():
            layout = state.layouts.setdefault(digest, Layout(np.full(len(told.rows), DROPPED)))
            kept = told.rows != DROPPED
            placed = layout.rows.copy()
            placed[kept] = row_of[told.rows[kept]]
            layout.place(placed)
            layout.used_ms = max(layout.used_ms, told.used_ms)
            intake.see_triggers(state, layout)
        state.metadata |= self._told.metadata

    def warming_up(self, began_ms: int) -> AuditEntry | None:
        """The rules whose windows reach back to before `began_ms`, when the journal begins."""
        reaching = [rule for rule in self._rules if self._now_ms - rule.range_ms() < began_ms]
        if not reaching:
            return None
        names = ", ".join(rule.rule.name for rule in reaching[:_NAMES_TOLD])
        more = f" and {len(reaching) - _NAMES_TOLD} more" if len(reaching) > _NAMES_TOLD else ""
        longest_s = max(rule.range_ms() for rule in reaching) / 1000
        history_s = max(self._now_ms - began_ms, 0) / 1000
        detail = f"looking back up to {longest_s:g} s, of which the journal holds {history_s:g} s: {names}{more}"
        return AuditEntry(kind="decision", reason=Reason.WARMING_UP, detail=detail)
