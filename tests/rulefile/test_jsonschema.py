"""The JSON Schemas that editors and foreign publishers use are those of the contracts."""

import json
import re
from pathlib import Path

from schemas.jsonschema import FOLDER, documents, outdated, write
from tests.rulefile.test_load import SAMPLE


def test_the_written_schemas_are_current() -> None:
    """`python -m schemas.jsonschema` has been run after the last change of a contract."""
    assert outdated() == []


def test_writing_makes_them_current(tmp_path: Path) -> None:
    """Files that are missing, changed or no longer wanted are all put right."""
    folder = tmp_path / "json"
    write(folder)
    (folder / "tick.schema.json").write_text("{}")
    (folder / "old.schema.json").write_text("{}")
    (folder / "event.schema.json").unlink()
    assert outdated(folder) == ["event.schema.json", "old.schema.json", "tick.schema.json"]
    write(folder)
    assert outdated(folder) == []


def test_every_schema_says_its_draft() -> None:
    """Each document is JSON and names the draft it is written in."""
    for document in documents().values():
        assert json.loads(document)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_rule_file_names_its_schema() -> None:
    """The first line of a rule file leads an editor to the schema, relative to the file."""
    first = SAMPLE.read_text(encoding="utf-8").splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found
    assert (SAMPLE.parent / found[1]).resolve() == (FOLDER / "rules.schema.json").resolve()


def test_the_rules_schema_helps_to_write_a_ladder() -> None:
    """An editor can complete modes, check durations, and knows that a step is one verb and perhaps `verify`."""
    rules = json.loads(documents()["rules.schema.json"])["$defs"]
    heal, step, verify = rules["HealRule"], rules["Step"], rules["Verify"]
    assert heal["properties"]["mode"]["enum"] == ["shadow", "approve", "auto"]
    assert heal["properties"]["cooldown"]["default"] == "5m"
    assert re.search(heal["properties"]["cooldown"]["pattern"], "1h30m")
    assert not re.search(heal["properties"]["cooldown"]["pattern"], "soon")
    assert (step["minProperties"], step["maxProperties"]) == (1, 2)
    assert step["additionalProperties"]["type"] == "object"
    assert verify["required"] == ["expr", "within"]
