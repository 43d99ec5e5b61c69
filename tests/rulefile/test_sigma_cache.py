"""Sigma rules that were read before."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.rulefile.sigma_cache import FILE, SigmaCache
from engine.sigma.documents import Document
from engine.sigma.translation import PipelineText, Translation
from tests.sigma.reading import documents

RULE = "title: {0}\nlogsource: {{product: p}}\ndetection: {{s: {{a|expand: '%x%'}}, condition: s}}\n"
FILES = {
    "a.yml": RULE.format("A") + "name: a\n---\n" + RULE.format("wrong").replace("condition: s", "condition: t"),
    "b.yml": "title: C\ncorrelation: {type: event_count, rules: a, timespan: 1m, condition: {gte: 2}}\n",
    "c.yml": "title: F\nlogsource: {product: p}\nfilter: {rules: a, s: {b: [1, 2.5, x, true]}, condition: not s}\n",
}
WITH = Translation(placeholders={"x": ("y",)})


class Counting:
    """Reads documents, and tells which files it was asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, path: str, text: str) -> Iterable[Document]:
        self.paths.append(path)
        return documents(path, text)


def test_what_was_read_before_is_the_same(tmp_path: Path) -> None:
    """Rules and problems are those of the first time, in the same process and in the next, without reading a file."""
    first, cache = Counting(), SigmaCache(tmp_path)
    wanted = cache.parse(FILES, first, WITH)
    assert first.paths == list(FILES)
    assert [len(part) for part in wanted] == [2, 1]
    again = Counting()
    assert cache.parse(FILES, again, WITH) == wanted
    assert SigmaCache(tmp_path).parse(FILES, again, WITH) == wanted
    assert again.paths == []


def test_only_what_changed_is_read(tmp_path: Path) -> None:
    """A file that is edited, and no other; one that only has another name is not read, but told by that name."""
    SigmaCache(tmp_path).parse(FILES, Counting(), WITH)
    reading = Counting()
    files = {"moved.yml": FILES["a.yml"], "b.yml": FILES["b.yml"].replace("gte: 2", "gte: 3"), "c.yml": FILES["c.yml"]}
    rules, problems = SigmaCache(tmp_path).parse(files, reading, WITH)
    assert reading.paths == ["b.yml"]
    assert [rule.path for rule in rules] == ["b.yml", "moved.yml"]
    assert [problem.path for problem in problems] == ["moved.yml"]


def test_what_was_read_before_a_file_that_cannot_be_is_kept(tmp_path: Path) -> None:
    """One file that is no YAML among thousands does not have the others read twice."""
    reading, cache = Counting(), SigmaCache(tmp_path)

    def read(path: str, text: str) -> Iterable[Document]:
        if path == "broken.yml":
            raise ValueError(path)
        return reading(path, text)

    with pytest.raises(ValueError, match="broken"):
        cache.parse({**FILES, "broken.yml": "{"}, read, WITH)
    wanted = cache.parse(FILES, read, WITH)
    assert reading.paths == list(FILES)
    assert SigmaCache(tmp_path).parse(FILES, read, WITH) == wanted
    assert reading.paths == list(FILES)


@pytest.mark.parametrize(
    "translation",
    [Translation(), Translation((PipelineText("p", "name: p"),), WITH.placeholders), Translation((), {"x": ("z",)})],
)
def test_what_was_read_with_other_values_or_pipelines_is_not_taken(tmp_path: Path, translation: Translation) -> None:
    """Everything is read anew, also when one goes back and forth in a process."""
    cache, reading = SigmaCache(tmp_path), Counting()
    first = cache.parse(FILES, Counting(), WITH)
    assert cache.parse(FILES, reading, translation) == SigmaCache().parse(FILES, Counting(), translation)
    assert reading.paths == list(FILES)
    assert cache.parse(FILES, Counting(), WITH) == first


@pytest.mark.parametrize("broken", ["empty", "short", "flipped", "garbage", "folder"])
def test_a_cache_that_is_not_whole_is_none(tmp_path: Path, broken: str) -> None:
    """Whatever is in its place, the rules are read from their files; no error comes of it."""
    wanted = SigmaCache(tmp_path).parse(FILES, Counting(), WITH)
    path = tmp_path / FILE
    content = path.read_bytes()
    path.unlink()
    if broken == "folder":
        path.mkdir()
    else:
        flipped = content[:-1] + bytes([content[-1] ^ 1])
        path.write_bytes({"empty": b"", "short": content[:-9], "flipped": flipped, "garbage": b"x" * 99}[broken])
    reading = Counting()
    assert SigmaCache(tmp_path).parse(FILES, reading, WITH) == wanted
    assert reading.paths == list(FILES)
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    """The rules are there all the same."""
    (tmp_path / "file").write_text("in the way")
    assert len(SigmaCache(tmp_path / "file").parse(FILES, Counting(), WITH)[0]) == 2


def test_what_is_no_longer_asked_for_is_forgotten(tmp_path: Path) -> None:
    """The cache is as large as the rules, not as all that ever were."""
    cache = SigmaCache(tmp_path)
    cache.parse(FILES, Counting(), WITH)
    size = (tmp_path / FILE).stat().st_size
    cache.parse({"b.yml": FILES["b.yml"]}, Counting(), WITH)
    assert (tmp_path / FILE).stat().st_size < size / 2
