"""Which files are read, and what is said of those that cannot be."""

from pathlib import Path

import pytest

from engine.rulefile import RuleErrors, read


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_a_folder_is_read_without_what_is_not_a_rule_file(tmp_path: Path) -> None:
    """All YAML below a folder is rules, but for unit tests, the files beside the rules, and what is hidden."""
    write(tmp_path, "b.yml", "a.yaml", "team/c.yaml", "latest.yaml")
    write(tmp_path, "a_test.yaml", "a_tests.yml", "team/tests.yaml", "workloads.yaml", "routes.yml")
    write(tmp_path, ".hidden.yaml", "..2025_01/b.yml", "README.md", "a.yaml.bak")
    found = read([tmp_path])
    assert [Path(path).relative_to(tmp_path).as_posix() for path in found] == [
        "a.yaml", "b.yml", "latest.yaml", "team/c.yaml",
    ]  # fmt: skip
    assert list(found.values()) == ["a.yaml", "b.yml", "latest.yaml", "team/c.yaml"]


def test_a_named_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    """What is named is meant."""
    write(tmp_path, "rules_test.txt")
    path = tmp_path / "rules_test.txt"
    assert read([path]) == {path.as_posix(): "rules_test.txt"}


def test_every_unreadable_file_is_named(tmp_path: Path) -> None:
    """A file that is not there and one that is not UTF-8 are reported together, the latter with the place."""
    broken, missing = tmp_path / "broken.yaml", tmp_path / "missing.yaml"
    broken.write_bytes("groups:\n- näme".encode() + b"\xff")
    with pytest.raises(RuleErrors) as caught:
        read([broken, missing])
    assert str(caught.value).splitlines() == [
        f"{broken}:2:7: expected UTF-8, got the byte 0xFF",
        f"{missing}:1:1: cannot be read: No such file or directory",
    ]
