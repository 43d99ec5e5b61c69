"""What the integrity collector may be told: which files, how often, and how much it may read."""

import fnmatch
import re
from pathlib import PurePath
from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.plugins import PluginConfig

_DEFAULT = (
    "/boot",
    "/etc",
    "/usr/bin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/var/spool/cron",
    "/home/*/.ssh",
    "/root/.ssh",
)


def _absolute(text: str) -> str:
    if not PurePath(text).is_absolute() or "\0" in text:
        raise ValueError(f"expected an absolute path or pattern, got {text!r}")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(fnmatch.translate(text))
    except re.error as error:
        raise ValueError(f"expected a pattern such as /etc/*.lock, got {text!r}") from error
    return text


class IntegrityConfig(PluginConfig):
    """`paths` are glob patterns; `**` stands for any depth, and of a folder all that lies below it is watched; by
    default it is what starts and configures a machine, its programs, its cron jobs, and the users' `.ssh`. Links are
    watched, not followed. Of `exclude`, patterns in which `*` stands for anything, also `/`, a match leaves out the
    path and what lies below it. Every `poll_s` each path is looked at, and a file is read when its size, times, owner,
    mode or place on the disk differ. All others are read again in turn, `reread_bytes_per_s` on the average, for what
    changed without a trace there; 0 reads none. A file larger than `max_hash_bytes` is not read: its size and time
    alone tell that it was modified. Of more than `max_files` those beyond are not watched.

    The first start makes the baseline and is one event; so is one after `paths` or `exclude` have changed. The baseline
    is kept in the agent's state directory; [events.md](events.md#file-integrity) says what the events hold and what
    somebody who has the machine can do.

    The collector says how many files it watches (`reflexarc_integrity_files`), how many of them it cannot read
    (`reflexarc_integrity_files_not_hashed`) and how many it does not watch for `max_files`
    (`reflexarc_integrity_files_left_out`), how long it last took to look at them (`reflexarc_integrity_scan_seconds`),
    what it has read again (`reflexarc_integrity_reread_bytes_total`), how often all of it
    (`reflexarc_integrity_sweeps_total`), and how many changes it has found (`reflexarc_integrity_changes_total`).
    """

    paths: list[Annotated[str, AfterValidator(_absolute)]] = Field(default_factory=lambda: list(_DEFAULT), min_length=1)
    exclude: list[Annotated[str, AfterValidator(_pattern)]] = Field(default_factory=list)
    poll_s: float = Field(default=10.0, gt=0)
    max_hash_bytes: int = Field(default=104857600, ge=0)
    reread_bytes_per_s: int = Field(default=1048576, ge=0)
    max_files: int = Field(default=100000, gt=0)
