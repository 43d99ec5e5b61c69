"""The actuator `exec` as its host sees it: declared commands as targets, each run of one at a time and once."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from actuators.exec.config import CommandConfig, ExecConfig, user_id
from actuators.exec.runs import Plan, Run, Runs, run_of
from schemas.commands import Command
from schemas.inventory import Target
from schemas.outcomes import Evidence, Undo
from schemas.plugins import (
    ActuatorContext,
    ConditionFailed,
    Effect,
    EffectFailed,
    EffectUnknown,
    Gate,
    Observation,
)
from schemas.secrets import SecretUnavailable

COMMAND = "command"
"""Argument of `run` and kind of its target."""
RUN = "run"
"""Kind of the target of `revert`."""
REVERT = "revert"

_SHOWN = 300
_REVERTIBLE = 8
"""Runs of a command that are targets of `revert`, or were before they were."""


async def build(config: ExecConfig, context: ActuatorContext) -> "ExecActuator":
    """Raises `ValueError` for a user that there is not, `SecretUnavailable` for a reference that leads nowhere."""
    for name, command in config.commands.items():
        if command.user is not None:
            try:
                user_id(command.user)
            except ValueError as error:
                raise ValueError(f"exec: commands.{name}.user: {error}") from None
        await context.secrets.check(*command.environment.values())
    runs = Runs(context.state_dir / "exec")
    return ExecActuator(config, context, runs, await asyncio.to_thread(runs.all))


class ExecActuator:
    """See `schemas.plugins.Actuator`."""

    def __init__(self, config: ExecConfig, context: ActuatorContext, runs: Runs, known: Sequence[Run]) -> None:
        self._commands = config.commands
        self._context = context
        self._runs = runs
        self._known = {run.plan.run: run for run in known}
        self._busy = {name: asyncio.Lock() for name in config.commands}

    async def inventory(self) -> Sequence[Target]:
        await self._refresh()
        targets = []
        for name, command in self._commands.items():
            lock = f"{COMMAND}:{name}"
            targets.append(Target(id=lock, lock=lock, attributes=self._attributes(name)))
            if command.undo:
                targets += [
                    Target(id=_run_id(run), lock=lock, attributes=self._attributes_of_run(run))
                    for run in self._of(name)[-_REVERTIBLE:]
                    if run.state == "succeeded" and not run.plan.reverts
                ]
        return targets

    async def observe(self, command: Command) -> Observation:
        run = await asyncio.to_thread(self._runs.find, run_of(command.id))
        if run is None:
            return "absent"
        match run.state:
            case "succeeded":
                return await self._effect(run)
            case "cut":
                return "unmarked"
            case _:
                return "begun"  # or even ended, but not well, which `execute` tells

    async def execute(self, command: Command, gate: Gate) -> Effect:
        name, reverts = await self._named(command)
        async with self._busy[name]:
            run = await asyncio.to_thread(self._runs.find, run_of(command.id))
            if run is None:
                run = await self._start(command, name, reverts, gate)
            while run.state == "running":
                await _ended(run)
                found = await asyncio.to_thread(self._runs.find, run.plan.run)
                run = found or run
            self._known[run.plan.run] = run
            return await self._effect(run)

    async def changes(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()  # Only commands change anything here, and after each the host looks.
        yield

    async def close(self) -> None:
        """What runs goes on to its end: the next actuator finds it."""

    # --- a run ---

    async def _named(self, command: Command) -> tuple[str, str]:
        """Which command is to be run, and which run it reverts, "" for none."""
        kind, _, rest = command.target.partition(":")
        if kind == COMMAND and rest in self._commands and command.verb != REVERT:
            return rest, ""
        if kind == RUN and command.verb == REVERT:
            await self._refresh()
            undone = self._known.get(rest.partition("/")[2])
            undo = (
                self._commands[undone.plan.command].undo if undone and undone.plan.command in self._commands else None
            )
            if undone and undo and _run_id(undone) == command.target:
                return undo, undone.plan.run
        raise ConditionFailed({}, f"there is no {command.target}")

    async def _start(self, command: Command, name: str, reverts: str, gate: Gate) -> Run:
        await self._refresh()
        undone = self._known[reverts] if reverts else None
        before = self._attributes_of_run(undone) if undone else self._attributes(name)
        if any(attribute not in before or before[attribute] != value for attribute, value in command.condition.items()):
            raise ConditionFailed(before)
        plan = self._plan(command, name, undone, before)
        environment = await self._environment(self._commands[name])
        await gate()
        try:
            # Started is started, whether or not somebody still waits for it.
            run = await asyncio.shield(asyncio.to_thread(self._runs.start, plan, environment))
        except OSError as error:
            raise EffectFailed(str(error)) from error
        self._known[plan.run] = run
        return run

    def _plan(self, command: Command, name: str, undone: Run | None, before: Mapping[str, Any]) -> Plan:
        declared = self._commands[name]
        if undone is None:
            values = declared.accept(command.args, but=frozenset({COMMAND}))
        else:
            known = {key: each for key, each in undone.plan.args.items() if key in declared.parameters}
            values = declared.accept(known, but=frozenset())
        try:
            user = user_id(declared.user) if declared.user is not None else None
        except ValueError as error:
            raise EffectFailed(str(error)) from error
        return Plan(
            run=run_of(command.id),
            command=name,
            number=self._count(name) + 1,
            args={key: str(value) for key, value in values.items()},
            before=dict(before),
            reverts=undone.plan.run if undone else "",
            argv=declared.filled(values),
            variables=sorted({*declared.environment, *(key for key in declared.inherit if key in os.environ)}),
            secrets=sorted(key for key, text in declared.environment.items() if text.reference),
            directory=str(declared.directory),
            user=user,
            timeout_s=declared.timeout_s,
            cpu_s=declared.cpu_s,
            memory_bytes=declared.memory_bytes,
            file_bytes=declared.file_bytes,
            output_bytes=declared.output_bytes,
            success=declared.success,
        )

    async def _environment(self, declared: CommandConfig) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in declared.inherit if name in os.environ}
        try:
            own = {name: await self._context.secrets.resolve(text) for name, text in declared.environment.items()}
        except SecretUnavailable as error:
            raise EffectFailed(str(error)) from error
        if wrong := sorted(name for name, value in own.items() if "\0" in value):
            raise EffectFailed(f"environment: {', '.join(wrong)}: expected no NUL in it")
        return inherited | own

    async def _effect(self, run: Run) -> Effect:
        """What the run did, or why it failed."""
        plan, result = run.plan, run.result
        if result is None:
            raise EffectUnknown("what ran it was killed: it may have done all of it, or a part")
        output = self._context.secrets.redact(result.output).strip()
        said = f": {_end(output)}" if output else ""
        if result.error:
            raise EffectFailed(f"{plan.argv[0]} could not be started: {result.error}")
        if result.timed_out:
            raise EffectFailed(f"not done within {plan.timeout_s:g} s, so it was killed{said}")
        if result.exit is None:
            raise EffectFailed(f"ended by signal {result.signal}{said}")
        if result.exit not in plan.success:
            raise EffectFailed(f"exit status {result.exit}{said}")
        return Effect(
            before=plan.before,
            after=_after(plan, result.exit),
            detail=f"exit status {result.exit}{said}",
            undo=self._undo(run),
            evidence=await self._evidence(plan, output),
        )

    def _undo(self, run: Run) -> Undo | None:
        declared = self._commands.get(run.plan.command)
        if run.plan.reverts or declared is None or declared.undo is None:
            return None
        condition = {"state": "done", "runs": run.plan.number}
        return Undo(verb=REVERT, target=_run_id(run), condition=condition)

    async def _evidence(self, plan: Plan, output: str) -> Evidence | None:
        """All of the output that was kept, where the outcome holds only its end."""
        if len(output) <= _SHOWN:
            return None
        name, store = f"exec/{plan.run}", self._context.evidence
        return await store.find(name) or await store.put(name, output.encode())

    # --- what there is ---

    async def _refresh(self) -> None:
        """Know how the runs ended that went on when we looked last."""
        for name, run in list(self._known.items()):
            if run.result is None and run.living:
                found = await asyncio.to_thread(self._runs.find, name)
                self._known[name] = found or run
        for name in self._commands:
            if forgotten := await asyncio.to_thread(self._runs.forget, self._of(name)):
                self._known = {key: run for key, run in self._known.items() if key not in forgotten}

    def _of(self, name: str) -> list[Run]:
        runs = [run for run in self._known.values() if run.plan.command == name]
        return sorted(runs, key=lambda run: run.plan.number)

    def _count(self, name: str) -> int:
        return max((run.plan.number for run in self._of(name)), default=0)

    def _attributes(self, name: str) -> dict[str, Any]:
        runs = self._of(name)
        last = runs[-1].result if runs else None
        return {
            "definition": self._commands[name].definition,
            "runs": runs[-1].plan.number if runs else 0,
            "exit": last.exit if last else None,
        }

    def _attributes_of_run(self, run: Run) -> dict[str, Any]:
        reverted = any(each.plan.reverts == run.plan.run and each.state == "succeeded" for each in self._known.values())
        return {"state": "reverted" if reverted else "done", "runs": self._count(run.plan.command)}


def _run_id(run: Run) -> str:
    return f"{RUN}:{run.plan.command}/{run.plan.run}"


def _after(plan: Plan, exit_status: int) -> dict[str, Any]:
    if plan.reverts:
        return {**plan.before, "state": "reverted"}
    return {**plan.before, "runs": plan.number, "exit": exit_status}


def _end(output: str) -> str:
    """The last of what was said, on one line."""
    line = " ".join(output.split())
    return line if len(line) <= _SHOWN else f"…{line[-_SHOWN:]}"


async def _ended(run: Run) -> None:
    """Wait until the runner has ended, whoever's child it is."""
    try:
        handle = os.pidfd_open(run.process.pid)
    except ProcessLookupError:
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
