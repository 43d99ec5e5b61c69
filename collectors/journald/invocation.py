"""How journalctl is run: from the configuration and from where to go on, to its arguments."""

from collections.abc import Iterator

from collectors.journald.config import JournaldConfig
from collectors.journald.entry import USED


def arguments(config: JournaldConfig, cursor: str | None, began_ms: int) -> list[str]:
    """The command that prints the entries from that of the `cursor` on, which is printed too; without one, from where
    the configuration says, where `end` is what was so when the collector began, Unix milliseconds."""
    return [*config.command, *_options(config), *_from(config, cursor, began_ms), *config.matches]


def _options(config: JournaldConfig) -> Iterator[str]:
    yield from ("--output=json", "--follow", "--no-tail", "--no-pager", "--all")
    yield f"--output-fields={','.join(sorted({*USED, *config.fields}))}"
    if config.directory is not None:
        yield f"--directory={config.directory}"
    if config.namespace is not None:
        yield f"--namespace={config.namespace}"
    if config.priority is not None:
        yield f"--priority={config.priority}"
    for unit in config.units:
        yield f"--unit={unit}"
    for identifier in config.identifiers:
        yield f"--identifier={identifier}"


def _from(config: JournaldConfig, cursor: str | None, began_ms: int) -> Iterator[str]:
    if cursor is not None:
        # Not --after-cursor: where the entry is no longer there, some versions leave out the one that followed it.
        yield f"--cursor={cursor}"
    elif config.start == "boot":
        yield "--boot"
    elif config.start == "end":
        # Not --lines=0: that would be anew what is the end whenever journalctl has to be run again.
        yield f"--since=@{began_ms // 1000}.{began_ms % 1000:03d}"
