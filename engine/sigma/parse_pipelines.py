"""pySigma's processing pipelines: made of texts, applied to rules."""

from collections.abc import Sequence
from typing import Any

import yaml
from sigma.exceptions import SigmaError
from sigma.processing.pipeline import ProcessingPipeline
from sigma.processing.transformations import transformations
from sigma.processing.transformations.external import ExternalSourceBaseTransformation
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections, SigmaLogSource, SigmaRule
from sigma.types import SigmaString

from engine.sigma.documents import Refused
from engine.sigma.model import LogSource
from engine.sigma.translation import PipelineError, PipelineText

# What pySigma raises for a pipeline or a rule that it did not foresee.
UNFORESEEN = (TypeError, AttributeError, ValueError, KeyError, IndexError)


class Pipelines:
    """All pipelines as one, in the order of their `priority` and, where that is the same, of the texts."""

    def __init__(self, texts: Sequence[PipelineText]) -> None:
        """Raises PipelineError."""
        each = sorted(map(_pipeline, texts), key=lambda pipeline: pipeline.priority)
        self._joined: ProcessingPipeline = sum(each, start=ProcessingPipeline())

    @property
    def variables(self) -> dict[str, tuple[str, ...]]:
        """The `vars` of all of them, which are the values of placeholders; of those of one name the last's."""
        return {name: _values(value) for name, value in self._joined.vars.items()}

    def apply(self, rule: SigmaRule) -> None:
        """Changes the rule. Raises Refused."""
        try:
            self._joined.apply(rule)
        except (SigmaError, *UNFORESEEN) as error:
            raise Refused(f"a processing pipeline refuses it: {error}") from error

    def field(self, name: str, origin: LogSource) -> str:
        """What a field is called for rules of a log source; as in `model`, `a|b` are alternatives. Raises Refused."""
        selection = SigmaDetection([SigmaDetectionItem(name, [], [SigmaString("*")])])
        rule = SigmaRule(
            title=name,
            fields=name.split("|"),
            logsource=logsource(origin),
            detection=SigmaDetections({"selection": selection}, ["selection"]),
        )
        self.apply(rule)
        return "|".join(rule.fields) or name


def logsource(origin: LogSource) -> SigmaLogSource:
    """A log source as pySigma has it. Not that of nothing at all, which it refuses."""
    return SigmaLogSource(origin.category or None, origin.product or None, origin.service or None)


def _pipeline(text: PipelineText) -> ProcessingPipeline:
    try:
        content: Any = yaml.safe_load(text.text)
        if not isinstance(content, dict):
            raise PipelineError(text.name, "expected a mapping with name, priority and transformations")
        _refuse_outside(text.name, content)
        _refuse_no_values(text.name, content.get("vars") or {})
        return ProcessingPipeline.from_dict(content)
    except yaml.YAMLError as error:
        raise PipelineError(text.name, f"not YAML: {error}") from error
    except RecursionError:
        raise PipelineError(text.name, "nested too deeply") from None
    except (SigmaError, *UNFORESEEN) as error:
        raise PipelineError(text.name, str(error)) from error


def _values(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value if isinstance(value, list) else [value]))


def _refuse_no_values(name: str, variables: Any) -> None:
    if not isinstance(variables, dict):
        raise PipelineError(name, "vars: expected a mapping from names of placeholders to their values")
    for each, value in variables.items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in values):
            raise PipelineError(name, f"vars.{each}: expected a text or a number, or a list of them")


def _refuse_outside(name: str, content: Any) -> None:
    """The same files are to give the same rules, so that nothing is fetched, read or run for them."""
    if isinstance(content, list):
        for each in content:
            _refuse_outside(name, each)
    elif isinstance(content, dict):
        kind = content.get("type")
        if isinstance(kind, str) and issubclass(transformations.get(kind, object), ExternalSourceBaseTransformation):
            raise PipelineError(name, f"{kind}: values from outside cannot be had here; use placeholders")
        for each in content.values():
            _refuse_outside(name, each)
