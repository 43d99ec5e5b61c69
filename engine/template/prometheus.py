"""The functions that Prometheus adds to Go's templates, in one table."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

from engine.template.functions import GO, Function
from engine.template.humanize import humanize, humanize_1024, humanize_duration, humanize_percentage, moment
from engine.template.values import Arguments, Query, Sample, Value
from schemas.durations import duration_ms
from schemas.regexp import compile_regexp

_WORD = re.compile(r"\w+(?:[.':\u00b7]\w+)*")


def _query(query: Query, text: str) -> list[Sample]:
    return [Sample(dict(labels), value) for labels, value in query(text)]


def _first(vector: Sequence[Sample]) -> Sample:
    if not vector:
        raise ValueError("the query's result has no elements")
    return vector[0]


def _replace(pattern: str, replacement: str, text: str) -> str:
    """`reReplaceAll`: Go writes a group as `$1`, `$name` or `${name}`; one that there is not is empty."""

    def expand(found: re.Match[str]) -> str:
        def group(reference: re.Match[str]) -> str:
            name = reference["braced"] or reference["plain"]
            if name is None:
                return "$"
            try:
                return found[int(name) if name.isdigit() else name] or ""
            except IndexError:
                return ""

        return re.sub(r"\$(?:\$|\{(?P<braced>\w+)\}|(?P<plain>\w+))", group, replacement)

    return compile_regexp(pattern, dot_all=False).sub(expand, text)


def _split_port(address: str) -> tuple[str, str] | None:
    """Host and port of `host:port` or `[host]:port`; None where it is neither."""
    found = re.fullmatch(r"(?:\[([^\[\]]*)\]|([^:\[\]]*)):([^:\[\]]*)", address)
    return (found[1] or found[2] or "", found[3]) if found else None


def _strip_port(address: str) -> str:
    split = _split_port(address)
    return split[0] if split else address


def _strip_domain(address: str) -> str:
    host, port = _split_port(address) or (address, "")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        short = host.split(".")[0]
        return f"{short}:{port}" if port else short
    return address


def _title(text: str) -> str:
    """The first letter of each word as a capital; a full stop or an apostrophe within it ends no word."""
    return _WORD.sub(
        lambda word: re.sub(r"[^\W\d_]", lambda first: _single(first[0].title(), first[0]), word[0], count=1), text
    )


def _upper(text: str) -> str:
    return "".join(_single(character.upper(), character) for character in text)


def _lower(text: str) -> str:
    return "".join(character.lower()[0] for character in text)


def _single(changed: str, character: str) -> str:
    """Go changes no letter to two."""
    return changed if len(changed) == 1 else character


def _graph(tab: int) -> Function:
    return Function(lambda expr: f"/graph?g0.expr={quote_plus(expr)}&g0.tab={tab}", ("text",))


def _by_label(label: str, vector: Sequence[Sample]) -> list[Sample]:
    return sorted(vector, key=lambda sample: sample.labels.get(label, ""))


def _arguments(*values: Value) -> Arguments:
    return Arguments({f"arg{position}": value for position, value in enumerate(values)})


PROMETHEUS: Mapping[str, Function] = {
    "query": Function(_query, ("text",), queries=True),
    "first": Function(_first, ("vector",)),
    "label": Function(lambda name, sample: sample.labels.get(name, ""), ("text", "sample")),
    "value": Function(lambda sample: sample.value, ("sample",)),
    "strvalue": Function(lambda sample: sample.labels.get("__value__", ""), ("sample",)),
    "sortByLabel": Function(_by_label, ("text", "vector")),
    "args": Function(_arguments, (), "any"),
    "humanize": Function(humanize, ("number",)),
    "humanize1024": Function(humanize_1024, ("number",)),
    "humanizeDuration": Function(humanize_duration, ("number",)),
    "humanizePercentage": Function(humanize_percentage, ("number",)),
    "humanizeTimestamp": Function(moment, ("number",)),
    "toTime": Function(moment, ("number",)),
    "parseDuration": Function(lambda text: duration_ms(text) / 1000, ("text",)),
    "title": Function(_title, ("text",)),
    "toUpper": Function(_upper, ("text",)),
    "toLower": Function(_lower, ("text",)),
    "match": Function(
        lambda pattern, text: bool(compile_regexp(pattern, dot_all=False).search(text)), ("text", "text")
    ),
    "reReplaceAll": Function(_replace, ("text", "text", "text")),
    "safeHtml": Function(str, ("text",)),
    "urlQueryEscape": Function(quote_plus, ("text",)),
    "stripPort": Function(_strip_port, ("text",)),
    "stripDomain": Function(_strip_domain, ("text",)),
    "graphLink": _graph(0),
    "tableLink": _graph(1),
    "externalURL": Function(lambda: ""),
    "pathPrefix": Function(lambda: ""),
}

FUNCTIONS: Mapping[str, Function] = {**GO, **PROMETHEUS}
