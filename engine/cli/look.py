"""Commands that look: queries, alerts, commands, logs."""

import argparse
import asyncio
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.cli import show
from engine.cli.config import Config
from engine.cli.connect import connected
from engine.cli.failure import CommandFailedError
from engine.cli.history import Happening, read_audit
from engine.runtime.asking import NobodyAnswersError, ask
from engine.runtime.bus import Bus
from engine.runtime.journal import read
from engine.runtime.lookup import stream_state
from engine.runtime.publishing import now_ms
from schemas import subjects
from schemas.alerts import AlertTransition
from schemas.codec import decode_alert
from schemas.labels import canonical, text

FOLLOW_S = 0.25


async def query(args: argparse.Namespace, config: Config) -> None:
    """Evaluate an expression on the engine's present state."""
    async with connected(config) as bus:
        reply = await ask_engine(bus, "query", args.expr.encode())
    result = answered(args.expr, reply)
    for remark in (*reply.get("warnings", ()), *reply.get("infos", ())):
        show.say(remark, file=sys.stderr)
    if args.json:
        show.as_json(result)
        return
    if not result:
        print("no series")
        return
    show.table(("SERIES", "VALUE"), [(text(canonical(found["labels"])), found["value"]) for found in result])


def answered(expr: str, reply: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Labels and value of each series in the engine's reply, which is that of its HTTP API. What is no vector is one
    series without labels; the value of a range of samples is all of them. Raises `CommandFailedError`.
    """
    if "error" in reply:
        raise CommandFailedError(f"{expr}: {reply['error']}")
    result = reply["data"]["result"]
    match reply["data"]["resultType"]:
        case "vector":
            return [{"labels": found["metric"], "value": found["value"][1]} for found in result]
        case "matrix":
            return [{"labels": found["metric"], "value": _samples(found["values"])} for found in result]
    return [{"labels": {}, "value": result[1]}]


def _samples(values: Iterable[tuple[float, str]]) -> str:
    return " ".join(f"{value}@{time_s:.3f}" for time_s, value in values)


async def alerts(args: argparse.Namespace, config: Config) -> None:
    """List active alerts, or follow their transitions."""
    async with connected(config) as bus:
        if args.watch:
            await _watch_alerts(bus, as_json=args.json)
            return
        found = await ask_engine(bus, "alerts")
    if args.json:
        show.as_json(found)
        return
    if not found:
        print("no alert is active")
        return
    rows = [
        (
            alert["state"],
            alert["labels"].get("alertname"),
            show.labels(alert["labels"], without=("alertname",)),
            alert["value"],
            show.age(now_ms() - alert["active_at_ms"]),
            alert["id"],
        )
        for alert in found
    ]
    show.table(("STATE", "ALERT", "LABELS", "VALUE", "SINCE", "ID"), rows)


async def _watch_alerts(bus: Bus, *, as_json: bool) -> None:
    last_seq = (await stream_state(bus, subjects.ALERTS)).last_seq
    async for batch in read(bus, subjects.ALERTS, start_seq=last_seq + 1):
        for received in batch:
            transition = decode_alert(received.data)
            if as_json:
                show.as_json(transition)
            else:
                show.say(_line(transition))


def _line(transition: AlertTransition) -> str:
    about = show.labels(transition.labels, without=("alertname",))
    return f"{show.clock(transition.time_ms)}  {transition.state:9} {transition.alertname}  {about}"


async def commands(args: argparse.Namespace, config: Config) -> None:
    """List the newest commands with their outcomes."""
    async with connected(config) as bus:
        listed = list_commands(await read_audit(bus))[-args.last :]
    if args.json:
        show.as_json(listed)
        return
    if not listed:
        print("no command yet")
        return
    header = ("TIME", "COMMAND", "FOR", "BECAUSE", "OUTCOME", "ID")
    rows = [
        (show.clock(each["time_ms"]), each["does"], each["rule"], each["because"], _outcome(each), each["id"][:12])
        for each in listed
    ]
    show.table(header, rows)


def _outcome(command: Mapping[str, Any]) -> str:
    if command["outcome"] in (None, "succeeded"):
        return command["outcome"] or "in flight"
    return f"{command['outcome']}: {command['detail']}" if command["detail"] else str(command["outcome"])


def list_commands(happenings: Iterable[Happening]) -> list[dict[str, Any]]:
    """Every command of the audit, oldest first, with what became of it."""
    listed: dict[str, dict[str, Any]] = {}
    for happening in happenings:
        entry = happening.entry
        if entry.kind == "command" and entry.command not in listed:
            listed[entry.command] = {
                "id": entry.command,
                "time_ms": happening.time_ms,
                "does": entry.detail,
                "verb": entry.verb,
                "target": entry.target,
                "rule": entry.rule,
                "because": entry.reason,
                "ladder": entry.ladder,
                "outcome": None,
                "detail": "",
            }
        elif entry.kind == "outcome" and entry.command in listed:
            listed[entry.command] |= {"outcome": entry.state, "detail": entry.detail}
    return list(listed.values())


async def logs(args: argparse.Namespace, config: Config) -> None:
    """Print the newest lines of the roles' logs, and follow them when asked."""
    files = [*sorted(config.logs_dir.glob("*.log")), config.server_dir / "nats-server.log"]
    chosen = [file for file in files if file.exists() and args.role in (None, file.stem)]
    if not chosen:
        known = ", ".join(file.stem for file in files if file.exists()) or f"none under {config.state_dir}"
        raise CommandFailedError(f"no log of {args.role or 'any role'}; there is: {known}")
    ends = {file: _tail(file, args.lines, named=len(chosen) > 1) for file in chosen}
    while args.follow:
        await asyncio.sleep(FOLLOW_S)
        ends = {file: _print_from(file, end, named=len(chosen) > 1) for file, end in ends.items()}


def _tail(file: Path, lines: int, *, named: bool) -> int:
    with file.open("rb") as stream:
        for line in deque(stream, lines):
            _print_line(file, line, named=named)
        return stream.tell()


def _print_from(file: Path, start: int, *, named: bool) -> int:
    with file.open("rb") as stream:
        stream.seek(start)
        for line in stream:
            _print_line(file, line, named=named)
        return stream.tell()


def _print_line(file: Path, line: bytes, *, named: bool) -> None:
    show.say((f"{file.stem:12} " if named else "") + line.decode(errors="replace").rstrip("\r\n"))


async def ask_engine(bus: Bus, what: str, request: bytes = b"") -> Any:
    """The live engine's answer. Raises `CommandFailedError`."""
    try:
        return await ask(bus, "engine", what, request)
    except NobodyAnswersError as error:
        raise CommandFailedError(f"{error}: see `reflexarc logs engine`") from error
