"""Writes the pages of the reference that follow from declarations: collectors, actuators, metrics, reasons and
PromQL.

`python -m engine.cli.reference` writes them to `docs/`; with `--check` it only says which are out of date. It is a tool
of the repository: nothing imports it at run time.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from inspect import getdoc
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from engine.cli.reference_metrics import page as metrics_page
from engine.cli.reference_promql import promql
from engine.runtime.registry import actuators, collectors
from schemas.plugins import ActuatorSpec, CollectorSpec, VerbSpec
from schemas.reasons import MEANING

FOLDER = Path(__file__).parents[2] / "docs"
_HEADER = "<!-- Made by `python -m engine.cli.reference`: edit the declarations, not this page. -->\n\n"


def documents() -> dict[str, str]:
    """File name → its text."""
    pages = {
        "actuators.md": _actuators(actuators()),
        "collectors.md": _collectors(collectors()),
        "metrics.md": _metrics(),
        "promql.md": promql(),
        "reasons.md": _reasons(),
    }
    return {name: _HEADER + "\n".join(lines) + "\n" for name, lines in pages.items()}


def outdated(folder: Path = FOLDER) -> list[str]:
    """The names of the pages that are missing or differ from what the declarations say."""
    return [name for name, text in documents().items() if _read(folder / name) != text]


def write(folder: Path = FOLDER) -> None:
    """Make the pages say what the declarations say."""
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


# --- plugins ---


def _collectors(specs: Mapping[str, CollectorSpec]) -> Iterator[str]:
    yield "# Collectors"
    yield ""
    yield "An agent runs those that `[agent.collectors]` of its configuration names; by default `host`."
    for spec in specs.values():
        yield from _plugin(spec, "agent.collectors")


def _actuators(specs: Mapping[str, ActuatorSpec]) -> Iterator[str]:
    yield "# Actuators"
    yield ""
    yield "An actuator service runs those that `[actuator.plugins]` of its configuration names; by default none."
    yield "What the verbs take is what a [rule's step](rules.md) may give. All take `scope` too: the node, where"
    yield "several have a target of the name."
    for spec in specs.values():
        yield from _plugin(spec, "actuator.plugins")
        for verb in spec.verbs:
            yield from _verb(verb)


def _plugin(spec: CollectorSpec | ActuatorSpec, section: str) -> Iterator[str]:
    yield from ("", f"## {spec.name}", "", spec.summary, "", "```toml")
    yield from toml(section, yaml.safe_load(spec.example))
    yield "```"
    schema = spec.config.model_json_schema()
    yield from _fields(schema, _described(spec.config))
    for part in schema.get("$defs", {}).values():
        yield from ("", f"**{part['title']}**")
        yield from _fields(part, part.get("description", ""))


def toml(name: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """Settings as a table of a TOML file, its own values before the tables within."""
    values = {key: value for key, value in settings.items() if not isinstance(value, Mapping)}
    if values or not settings:
        yield f"[{name}]"
    for key, value in values.items():
        yield f"{key} = {_inline(value)}"
    for key in sorted(settings.keys() - values.keys()):
        yield from toml(f"{name}.{key}", settings[key])


def _inline(value: Any) -> str:
    """A value on one line, as TOML writes it."""
    match value:
        case list():
            return "[" + ", ".join(map(_inline, value)) + "]"
        case dict():
            return "{ " + ", ".join(f"{key} = {_inline(item)}" for key, item in value.items()) + " }"
        case _:
            return json.dumps(value)


def _described(model: type[BaseModel]) -> str:
    return (getdoc(model) or "") if "__doc__" in vars(model) and model.__doc__ else ""


def _fields(schema: Mapping[str, Any], description: str) -> Iterator[str]:
    if description:
        yield from ("", " ".join(description.split()))
    required = schema.get("required", ())
    rows = [
        (f"`{name}`", _type(field), "required" if name in required else _default(field))
        for name, field in schema.get("properties", {}).items()
    ]
    yield from table(("setting", "type", "default"), rows)


def _type(field: Mapping[str, Any]) -> str:
    match field:
        case {"anyOf": [*kinds]} | {"oneOf": [*kinds]}:
            return " or ".join(_type(kind) for kind in kinds if kind.get("type") != "null")
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"const": value}:
            return f"`{value}`"
        case {"enum": [*values]}:
            return " or ".join(f"`{value}`" for value in values)
        case {"type": "object", "additionalProperties": True}:
            return "mapping"
        case {"type": "object", "patternProperties": dict(named)}:
            return f"{_type(next(iter(named.values())))}, by name"
        case {"type": "array", "items": items} if not items:
            return "list"
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": values}:
            return f"{_type(values)}, by name"
    return str(field.get("format") or field.get("type"))


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    return "" if default is None else f"`{str(default).replace('|', chr(92) + '|')}`"


def _verb(verb: VerbSpec) -> Iterator[str]:
    yield from ("", f"### {verb.name}", "", verb.summary, "")
    ways = (f"`{kind}` by {_names(parts)}" for kind, parts in verb.targets.items())
    yield f"- target: {'; or '.join(ways)}"
    if verb.required:
        yield f"- required: {_names(verb.required)}"
    if optional := [name for name in verb.optional if name not in verb.absolute]:
        yield f"- optional: {_names(optional)}"
    for argument, attribute in verb.absolute.items():
        yield f"- optional: `{argument}`, by default the target's `{attribute}`"
    if verb.by_default:
        given = (f"`{name}: {text}`" for name, text in verb.by_default.items())
        yield f"- where a rule names no target: {', '.join(given)}"
    if verb.lists:
        yield f"- lists: {_names(verb.lists)}"
    if verb.from_alert:
        yield f"- from the alert's annotations where a rule says nothing: {_names(verb.from_alert)}"
    if verb.undo:
        given = (f"`{name}` as `{attribute}` was" for name, attribute in verb.undo_args.items())
        exactly = ", ".join(given)
        yield f"- optional: `revert_after`, after which `{verb.undo}` undoes it" + (
            f", with {exactly}" if exactly else ""
        )
    if verb.integers:
        yield f"- whole numbers: {_names(verb.integers)}"
    if verb.condition:
        yield f"- only if unchanged since the decision: {_names(verb.condition)}"
    if not verb.changes_target:
        yield "- changes nothing, so neither a halt nor settling holds it back"
    if verb.open:
        yield "- further arguments: those that the configuration declares"
    if verb.unmarked:
        yield f"- cannot be asked afterwards whether it happened: {verb.unmarked}"
    if verb.permissions:
        yield f"- needs: {'; '.join(verb.permissions)}"
    yield f"- takes at most {verb.timeout_ms / 1000:g} s"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# --- metrics ---


def _metrics() -> Iterator[str]:
    yield "# Metrics of Reflexarc itself"
    yield ""
    yield "Every role publishes them each `metrics_interval` as `ops.metrics.<node>.reflexarc-<role>`, with the labels"
    yield '`job="reflexarc"`, `instance=<node>` and `role`, beside those that a metric has of its own.'
    yield "[rules/reflexarc.yaml](../rules/reflexarc.yaml) watches them. Metrics of others are in"
    yield "[collectors.md](collectors.md)."
    for title, rows in metrics_page():
        yield from ("", f"## {title}")
        yield from table(("metric", "type", "meaning"), [(f"`{row.name}`", row.type, row.help) for row in rows])


# --- reasons ---


def _reasons() -> Iterator[str]:
    yield "# Reasons"
    yield ""
    yield "Why something was done, or was not: what `reflexarc why` prints, and what the audit holds."
    yield from table(("reason", "meaning"), [(f"`{reason}`", meaning) for reason, meaning in MEANING.items()])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A Markdown table, with an empty line before it; nothing without rows."""
    if rows:
        yield ""
        for cells in (header, ["---"] * len(header), *rows):
            yield f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str]) -> None:
    if arguments == ["--check"]:
        if stale := outdated():
            sys.exit(f"out of date, run `python -m engine.cli.reference`: {', '.join(stale)}")
    elif arguments:
        sys.exit("usage: python -m engine.cli.reference [--check]")
    else:
        write()


if __name__ == "__main__":
    main(sys.argv[1:])
