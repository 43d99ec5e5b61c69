"""pySigma's processing pipelines: made of texts, applied to rules."""

from collections.abc import Sequence
from typing import Any

import yaml
from sigma.exceptions import SigmaError
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaRule

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

    def apply(self, rule: SigmaRule) -> None:
        """Changes the rule. Raises Refused."""
        try:
            self._joined.apply(rule)
        except (SigmaError, *UNFORESEEN) as error:
            raise Refused(f"a processing pipeline refuses it: {error}") from error

    def field(self, name: str, origin: LogSource) -> str:
        """What a field is called for rules of a log source. Raises Refused."""
        rule = SigmaRule.from_dict(
            {
                "title": "a field",
                "logsource": given(origin),
                "fields": [name],
                "detection": {"selection": {name: "*"}, "condition": "selection"},
            }
        )
        self.apply(rule)
        return "|".join(rule.fields) or name


def given(origin: LogSource) -> dict[str, str]:
    """A log source as in a rule file."""
    fields = ("product", "category", "service")
    return {field: value for field in fields if (value := getattr(origin, field))}


def _pipeline(text: PipelineText) -> ProcessingPipeline:
    try:
        content: Any = yaml.safe_load(text.text)
        if not isinstance(content, dict):
            raise PipelineError(text.name, "expected a mapping with name, priority and transformations")
        return ProcessingPipeline.from_dict(content)
    except yaml.YAMLError as error:
        raise PipelineError(text.name, f"not YAML: {error}") from error
    except (SigmaError, *UNFORESEEN) as error:
        raise PipelineError(text.name, str(error)) from error
