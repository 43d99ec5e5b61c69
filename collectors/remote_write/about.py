"""What the sender says of its metrics: type, help and unit by the name of the family, which it repeats every minute."""

from collections.abc import Iterable, Mapping

from collectors.remote_write.protobuf import VARINT, expect, fields, text, varint
from schemas.samples import Metadata

MOST_FAMILIES = 50_000
LONGEST_TEXT = 400
"""Characters of a help text or a name that are kept: what is known of a chunk's metrics goes into one message."""
LONGEST_UNIT = 40

_TYPES = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")
_TYPE, _NAME, _HELP, _UNIT = 1, 2, 4, 5
_SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created", "_gcount", "_gsum", "_info")


def metadata_of(data: bytes, start: int, stop: int) -> tuple[str, Metadata]:
    """The family's name and what is said of it, from a MetricMetadata message. Raises `Malformed`."""
    kind, texts = 0, {_NAME: "", _HELP: "", _UNIT: ""}
    for found in fields(data, start, stop):
        if found.number == _TYPE:
            expect(found, VARINT, "metadata type")
            kind, _ = varint(data, found.start, found.stop)
        elif found.number in texts:
            texts[found.number] = text(data, found, "metadata")[:LONGEST_TEXT]
    type_name = _TYPES[kind] if kind < len(_TYPES) else "unknown"
    return texts[_NAME], Metadata(type_name, texts[_HELP], texts[_UNIT][:LONGEST_UNIT])


class KnownMetadata:
    """The newest that was said. `version` changes when it does."""

    def __init__(self) -> None:
        self.version = 0
        self._families: dict[str, Metadata] = {}

    def update(self, said: Mapping[str, Metadata]) -> None:
        """Take in what a request says. Of more families than we keep, the first count."""
        for family, metadata in said.items():
            room = family in self._families or len(self._families) < MOST_FAMILIES
            if family and room and self._families.get(family) != metadata:
                self._families[family] = metadata
                self.version += 1

    def of(self, names: Iterable[str]) -> Mapping[str, Metadata]:
        """What is known of the families that these metrics belong to."""
        wanted = {family for name in names for family in _families_of(name)}
        return {family: self._families[family] for family in sorted(wanted & self._families.keys())}


def _families_of(name: str) -> Iterable[str]:
    """The names that the family of a metric may have."""
    yield name
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            yield name.removesuffix(suffix)
