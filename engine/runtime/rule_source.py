"""From a folder of rule files to `activate` messages: at start, and on every edit.

An edit with errors is refused with all of them, and the active rules stay.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import structlog
from watchfiles import awatch

from engine.core.program import Program, Settings, Verb
from engine.rulefile import RuleErrors, load, read
from engine.runtime import bundles
from engine.runtime.bus import Bus
from engine.runtime.metrics import RULE_ERRORS
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.codec import encode
from schemas.control import Activate

log = structlog.get_logger()


class RuleSource:
    """Watches the rule files of one engine. `errors` are those of the newest edit, empty when it was accepted."""

    def __init__(self, bus: Bus, paths: Sequence[Path], verbs: Mapping[str, Verb], settings: Settings, by: str) -> None:
        self._bus = bus
        self._paths = paths
        self._verbs = verbs
        self._settings = settings
        self._by = by
        self._active = ""
        self.errors: tuple[str, ...] = ()

    def program(self) -> Program:
        """The program of the files as they are. Raises `RuleErrors`."""
        loaded = load(read(self._paths), self._verbs)
        return msgspec.structs.replace(loaded, settings=self._settings)

    async def activate(self, running: str) -> None:
        """Activate the files' rules unless the engine runs that bundle already."""
        self._active = running
        await self._reload()

    async def watch(self) -> None:
        """Activate every good edit, until cancelled."""
        async for _ in awatch(*self._paths, debounce=200, step=20):
            await self._reload()

    async def _reload(self) -> None:
        try:
            program = await asyncio.to_thread(self.program)
        except RuleErrors as refused:
            self.errors = tuple(str(error) for error in refused.errors)
            RULE_ERRORS.inc()
            for error in self.errors:
                log.error("rule_refused", error=error)
            return
        self.errors = ()
        digest, _ = bundles.encode(program)
        if digest == self._active:
            return
        await bundles.store(self._bus, program)
        request = Activate(id=new_id(), by=self._by, bundle=digest)
        await self._bus.publish(subjects.control("activate"), encode(request), msg_id=request.id)
        self._active = digest
        log.info("rules_loaded", alerts=len(program.alerts), heals=len(program.heals), bundle=digest[:12])
