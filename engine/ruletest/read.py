"""The text of a test file to its model, with the place of everything, so that a mistake or a failure can be found."""

from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from engine.rulefile.errors import RuleError, RuleErrors
from engine.rulefile.messages import field_path, problem
from engine.rulefile.yamlparse import YamlError, parse
from engine.rulefile.yamltree import Mapping, Mark, Node, locate, plain, repeated
from engine.ruletest.model import NESTED, UnitTestFile
from schemas.wording import shown

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A test file as it was written. `place` finds what stands at a path such as `("tests", 0, "interval")`."""

    path: str
    node: Node
    file: UnitTestFile

    def place(self, path: Path) -> str:
        mark = locate(self.node, path)
        return f"{self.path}:{mark.line}:{mark.column}"


def read(path: str, text: str) -> Document:
    """Raises RuleErrors with every mistake in the file."""
    try:
        node = parse(text)
    except YamlError as error:
        raise RuleErrors([_error(path, error.mark, error.problem)]) from error
    if not isinstance(node, Mapping):
        got = "an empty file" if plain(node) is None else shown(plain(node))
        raise RuleErrors([_error(path, node.mark, f"expected a mapping with `tests`, got {got}")])
    errors = [
        _error(path, again, f"is given twice; the first is on line {before.line}", field)
        for field, again, before in repeated(node)
    ]
    try:
        file = UnitTestFile.model_validate(plain(node))
    except ValidationError as invalid:
        raise RuleErrors([*errors, *_invalid(path, node, invalid)]) from invalid
    if errors:
        raise RuleErrors(errors)
    return Document(path, node, file)


def _invalid(path: str, node: Node, invalid: ValidationError) -> list[RuleError]:
    found = []
    for error in invalid.errors(include_url=False):
        message, key = problem(error, _model_at(error["loc"]))
        field = tuple(part for part in error["loc"] if part != "[key]")
        found.append(_error(path, locate(node, field, key=key), message, field))
    return found


def _model_at(path: Path) -> type[BaseModel]:
    """The model that the last part of the path is a field of."""
    lists = [part for part in path[:-1] if isinstance(part, str) and part in NESTED]
    return NESTED[lists[-1]] if lists else UnitTestFile


def _error(path: str, mark: Mark, message: str, field: Path = ()) -> RuleError:
    return RuleError(path, mark.line, mark.column, message, field=field_path(field))
