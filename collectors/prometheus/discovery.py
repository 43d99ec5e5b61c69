"""Where targets come from: files and HTTP servers that list them.

Each discovery calls `found` with all of its groups whenever they may have changed. What cannot be read leaves the
targets last found in place: a typing error must not blind us.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from collectors.prometheus.config import FileDiscovery, HttpDiscovery, TargetGroup
from collectors.prometheus.failure import ScrapeFailed
from collectors.prometheus.files import matching, read_yaml
from collectors.prometheus.http import HttpClient

log = structlog.get_logger()

Found = Callable[[Sequence[TargetGroup]], None]

_GROUPS = TypeAdapter(tuple[TargetGroup, ...])
_POLL_S = 1.0
_ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
_HTTP_TIMEOUT_S = 30.0
_SHOWN = 40
"""So many characters of what is wrong are shown."""
_Version = tuple[int, int, int]
"""Of a file: when it or the permission to read it changed, its size, its inode."""


async def discover_files(config: FileDiscovery, found: Found, poll_s: float = _POLL_S) -> None:
    """Follow the files until cancelled."""
    files: dict[Path, tuple[_Version, Sequence[TargetGroup]]] = {}
    while True:
        files, before = _refreshed(config.files, files), files
        if files != before:
            found([group for _, groups in files.values() for group in groups])
        await asyncio.sleep(poll_s)


def _refreshed(
    patterns: Sequence[str], known: dict[Path, tuple[_Version, Sequence[TargetGroup]]]
) -> dict[Path, tuple[_Version, Sequence[TargetGroup]]]:
    """The files that match now; those that changed are read anew."""
    present = {path for pattern in patterns for path in matching(pattern)}
    files = {}
    for path in sorted(present):
        try:
            stat = path.stat()
            version = (stat.st_ctime_ns, stat.st_size, stat.st_ino)
        except OSError:
            continue  # gone between the two looks
        before = known.get(path)
        files[path] = before if before and before[0] == version else (version, _read(path, before[1] if before else ()))
    return files


def _read(path: Path, before: Sequence[TargetGroup]) -> Sequence[TargetGroup]:
    """The groups of a file, JSON being YAML too; those known before if it cannot be read."""
    try:
        groups = groups_of(read_yaml(path) or [])
    except ValueError as error:
        log.warning("discovery_file_unreadable", file=str(path), why=str(error))
        return before
    return [_with(group, "__meta_filepath", str(path)) for group in groups]


async def discover_http(config: HttpDiscovery, found: Found) -> None:
    """Ask the server every `refresh_interval` until cancelled."""
    client = HttpClient(config)
    try:
        while True:
            try:
                found(await _ask(config, client))
            except (ScrapeFailed, TimeoutError) as error:
                log.warning("discovery_failed", url=config.url, why=str(error) or "no answer in time")
            await asyncio.sleep(config.refresh_interval_ms / 1000)
    finally:
        await client.close()


async def _ask(config: HttpDiscovery, client: HttpClient) -> Sequence[TargetGroup]:
    headers = {
        "Accept": "application/json",
        "X-Prometheus-Refresh-Interval-Seconds": f"{config.refresh_interval_ms / 1000:g}",
    }
    async with asyncio.timeout(_HTTP_TIMEOUT_S):
        response = await client.get(config.url, headers, _ANSWER_LIMIT_BYTES)
    if response.content_type.partition(";")[0].strip().lower() != "application/json":
        raise ScrapeFailed(f"expected Content-Type application/json, got {response.content_type!r}")
    try:
        return [_with(group, "__meta_url", config.url) for group in groups_of(json.loads(response.body))]
    except ValueError as error:
        raise ScrapeFailed(str(error)) from error


def groups_of(listed: Any) -> Sequence[TargetGroup]:
    """The groups that were listed. Raises ValueError saying which of them are none."""
    if not isinstance(listed, list):
        raise ValueError(f"expected a list of target groups, got {json.dumps(listed, default=str)[:_SHOWN]}")
    try:
        return _GROUPS.validate_python(listed)
    except ValidationError as invalid:
        wrong = [(".".join(map(str, each["loc"])), each["msg"]) for each in invalid.errors()]
        raise ValueError("; ".join(f"{place}: {what}" if place else what for place, what in wrong)) from invalid


def _with(group: TargetGroup, label: str, value: str) -> TargetGroup:
    return TargetGroup(targets=group.targets, labels={**group.labels, label: value})
