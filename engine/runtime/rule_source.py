"""From a folder of rule files to `activate` messages: at start, and on every edit.

An edit with errors is refused with all of them, and the active rules stay. So is one after which there is no policy any
more: a file that is gone, or not there yet while a folder is written anew, must not leave every act unbounded. Of Sigma
files, which come by the thousand from elsewhere, those that cannot be run are left out and told of; but an edit that
breaks one that ran is refused.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import msgspec
import structlog
from watchfiles import awatch

from engine.core.policy import Policy
from engine.core.program import Program, Settings
from engine.core.verbs import Verbs
from engine.rulefile import Loaded, RuleError, RuleErrors, SigmaCache, load_all, policy, read, state_of
from engine.runtime import bundles
from engine.runtime.bus import Bus
from engine.runtime.metrics import RULE_ERRORS
from engine.runtime.publishing import new_id
from schemas import subjects
from schemas.codec import encode
from schemas.control import Activate

REREAD_MS = 2_000
"""The files are looked at again so often even where nobody tells of a change."""

log = structlog.get_logger()


class RuleSource:
    """Watches the rule files of one engine. `errors` are those of the newest edit, empty when it was accepted;
    `left_out` says of each Sigma rule that is not run why. What was read of Sigma files is kept in `cache_dir`.
    """

    def __init__(
        self,
        bus: Bus,
        paths: Sequence[Path],
        verbs: Verbs,
        settings: Settings,
        *,
        by: str,
        cache_dir: Path | None = None,
    ) -> None:
        self._bus = bus
        self._cache = SigmaCache(cache_dir)
        self._ran: frozenset[str] = frozenset()
        self._paths = paths
        self._verbs = verbs
        self._settings = settings
        self._by = by
        self._active = ""
        self._bounded = False
        self._texts: Mapping[str, str] | None = None
        self._state: tuple[tuple[str, int, int, int], ...] = ()
        self.errors: tuple[str, ...] = ()
        self.left_out: tuple[str, ...] = ()

    async def activate(self, running: Program) -> None:
        """Activate the files' rules unless the engine runs them already."""
        self._active, _ = bundles.encode(running)
        self._bounded = running.policy != Policy()
        self._state = await asyncio.to_thread(state_of, self._paths)
        await self._reload()

    async def watch(self) -> None:
        """Activate every good edit, until cancelled."""
        while True:
            told = await self._edited()
            state = await asyncio.to_thread(state_of, self._paths)
            if told or state != self._state:
                self._state = state
                await self._reload()

    async def _edited(self) -> bool:
        """Wait for a change of the files, but not for long: not every change is told, and some fall between two waits.
        Whether one was told.

        The files are found anew each time, as one that an editor has replaced is another file.
        """
        try:
            changes = awatch(*self._paths, debounce=400, step=200, rust_timeout=REREAD_MS, yield_on_timeout=True)
            async with aclosing(changes):
                return bool(await anext(changes))
        except OSError:  # there is no file just now, or too much is watched on this machine
            await asyncio.sleep(REREAD_MS / 1000)
            return True

    async def _reload(self) -> None:
        try:
            texts = await asyncio.to_thread(read, self._paths)
        except RuleErrors as unreadable:
            self._texts = None
            self._refuse(unreadable)
            return
        if texts == self._texts:
            return
        self._texts = texts
        try:
            loaded = await asyncio.to_thread(load_all, texts, self._verbs, self._cache)
            self._check_broken(loaded.left_out)
            self._check_bounded(texts)
        except RuleErrors as wrong:
            self._refuse(wrong)
            return
        self.errors = ()
        self._tell(loaded)
        await self._activate(msgspec.structs.replace(loaded.program, settings=self._settings))

    def _check_broken(self, left_out: Sequence[RuleError]) -> None:
        """Raises RuleErrors where a file that ran can no longer be run."""
        if broken := [error for error in left_out if error.path in self._ran]:
            raise RuleErrors(broken)

    def _check_bounded(self, texts: Mapping[str, str]) -> None:
        """Raises RuleErrors where the policy is gone; an empty one says that there is to be none."""
        if self._bounded and not policy.split(texts)[0]:
            gone = "the policy is gone: expected policy.yaml, empty where nothing is to be bounded any more"
            raise RuleErrors([RuleError("policy.yaml", 1, 1, gone)])

    def _tell(self, loaded: Loaded) -> None:
        """Say once of each Sigma rule that is left out, and of those that wait for something, why."""
        self._ran = frozenset(rule.path for rule in loaded.sigma) - {error.path for error in loaded.left_out}
        left_out = tuple(map(str, loaded.left_out))
        for reason in left_out:
            if reason not in self.left_out:
                log.warning("sigma_rule_left_out", reason=reason)
        self.left_out = left_out

    def _refuse(self, refused: RuleErrors) -> None:
        errors = tuple(str(error) for error in refused.errors)
        if errors == self.errors:
            return
        self.errors = errors
        RULE_ERRORS.inc()
        for error in errors:
            log.error("rule_refused", error=error)

    async def _activate(self, program: Program) -> None:
        digest, _ = bundles.encode(program)
        if digest == self._active:
            return
        await bundles.store(self._bus, program)
        request = Activate(id=new_id(), by=self._by, bundle=digest)
        await self._bus.publish(subjects.control("activate", request.by), encode(request), msg_id=request.id)
        self._active, self._bounded = digest, program.policy != Policy()
        log.info(
            "rules_loaded",
            alerts=len(program.alerts),
            events=len(program.events),
            heals=len(program.heals),
            responds=len(program.responds),
            scales=len(program.scales),
            bundle=digest[:12],
        )
