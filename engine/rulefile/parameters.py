"""The parameters that a playbook declares: whether a value can fit them, and whether its steps use them."""

from collections.abc import Iterator

from engine.core import program
from engine.core.parameters import problem_of
from engine.rulefile.acts import Parameters
from engine.rulefile.errors import RuleError
from engine.rulefile.structure import Place
from schemas.playbookfile import Parameter, PlaybookFile
from schemas.regexp import compile_regexp


def declared(model: PlaybookFile) -> Parameters | None:
    """The parameters by name; None where one is declared wrongly, which `mistakes` tells."""
    if any(next(_bounds(each), None) for each in model.parameters.values()):
        return None
    return {name: _built(name, each) for name, each in model.parameters.items()}


def mistakes(place: Place, model: PlaybookFile) -> Iterator[RuleError]:
    """Bounds that say nothing, and values that their own declaration refuses."""
    for name, parameter in model.parameters.items():
        path = ("parameters", name)
        wrong = list(_bounds(parameter))
        yield from (place.error((*path, field), problem) for field, problem in wrong)
        if not wrong:
            built = _built(name, parameter)
            for nth, choice in enumerate(parameter.choices):
                if problem := problem_of(built, choice):
                    yield place.error((*path, "choices", nth), problem)
            if parameter.default is not None and (problem := problem_of(built, parameter.default)):
                yield place.error((*path, "default"), problem)


def _bounds(parameter: Parameter) -> Iterator[tuple[str, str]]:
    """What is wrong with `min`, `max` and `pattern`: the field, and the problem."""
    bounds: list[float] = []
    for field, text in (("min", parameter.min), ("max", parameter.max)):
        if text is None:
            continue
        if parameter.type == "boolean":
            yield field, "a boolean has none"
            continue
        try:
            bounds.append(parameter.bound(text))
        except ValueError as error:
            yield field, str(error)
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        yield "min", f"expected no more than `max`, got {parameter.min} and {parameter.max}"
    if parameter.pattern is not None:
        try:
            compile_regexp(parameter.pattern)
        except ValueError as error:
            yield "pattern", str(error)


def _built(name: str, parameter: Parameter) -> program.Parameter:
    return program.Parameter(
        name=name,
        type=parameter.type,
        default=parameter.default,
        choices=tuple(parameter.choices),
        least=None if parameter.min is None else parameter.bound(parameter.min),
        most=None if parameter.max is None else parameter.bound(parameter.max),
        pattern=parameter.pattern or "",
        summary=parameter.summary,
    )
