"""Rules over events that nobody feeds: what `rules check --coverage` lists."""

from collections import Counter
from collections.abc import Sequence

from engine.cli import show
from engine.cli.config import Config
from engine.cli.connect import connected
from engine.cli.failure import CommandFailedError
from engine.cli.look import answered, ask_engine
from engine.sigma.coverage import uncovered
from engine.sigma.model import LogSource, SigmaRule

_SEEN = "count by (product, category, service) (ops_events_total)"
_PARTS = 3


async def show_uncovered(rules: Sequence[SigmaRule], given: Sequence[str] | None, config: Config) -> None:
    """Print each rule that cannot fire with the log source that it waits for, and how many there are of each.

    Raises `CommandFailedError`, and `ConfigError` where neither log sources nor a bus are named.
    """
    fed = [_parsed(text) for text in given] if given else await _seen(config)
    found = uncovered(rules, fed)
    for each in found:
        wants = ", ".join(map(_text, each.wants))
        print(show.visible(f"{each.rule.path}:{each.rule.line}: {each.rule.about.title}: nobody feeds {wants}"))
    missing = Counter(_text(source) for each in found for source in each.wants)
    if missing:
        show.table(("NOBODY FEEDS", "RULES"), [(source, str(count)) for source, count in missing.most_common()])
    print(f"{len(rules) - len(found)} of {len(rules)} rules over events are fed, by {len(fed)} log sources")


async def _seen(config: Config) -> list[LogSource]:
    async with connected(config) as bus:
        reply = await ask_engine(bus, "query", _SEEN.encode())
    labels = [each["labels"] for each in answered(_SEEN, reply)]
    return [LogSource(*(each.get(part, "") for part in ("product", "category", "service"))) for each in labels]


def _parsed(text: str) -> LogSource:
    parts = text.lower().split("/")
    if len(parts) > _PARTS:
        raise CommandFailedError(f"--fed {text}: expected product/category/service, such as linux//sshd")
    return LogSource(*parts)


def _text(source: LogSource) -> str:
    return f"{source.product}/{source.category}/{source.service}"
