"""Relabelling: Prometheus' rules that rewrite, drop and keep label sets. Pure: labels in, labels out."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from schemas.plugins import PluginConfig
from schemas.regexp import compile_regexp, expand

Action = Literal[
    "replace", "keep", "drop", "keepequal", "dropequal", "hashmod",
    "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase",
]  # fmt: skip

_NEED_TARGET = {"replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"}
_ONLY_FIELDS = {
    "keepequal": {"source_labels", "target_label"},
    "dropequal": {"source_labels", "target_label"},
    "labeldrop": {"regex"},
    "labelkeep": {"regex"},
}


def _lowered(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _compiles(pattern: str) -> str:
    compile_regexp(pattern)
    return pattern


class RelabelConfig(PluginConfig):
    """One rule. The values of `source_labels`, joined by `separator`, are what the anchored `regex` is matched with."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    target_label: str = ""
    regex: Annotated[str, AfterValidator(_compiles)] = "(.*)"
    modulus: int = Field(default=0, ge=0)
    replacement: str = "$1"
    action: Annotated[Action, BeforeValidator(_lowered)] = "replace"

    @model_validator(mode="after")
    def _fits_its_action(self) -> Self:
        if self.action in _NEED_TARGET and not self.target_label:
            raise ValueError(f"action {self.action} needs target_label")
        if self.action == "hashmod" and not self.modulus:
            raise ValueError("action hashmod needs a modulus above 0")
        if self.action in ("lowercase", "uppercase") and "replacement" in self.model_fields_set:
            raise ValueError(f"action {self.action} takes no replacement")
        only = _ONLY_FIELDS.get(self.action)
        if only and (others := self.model_fields_set - only - {"action"}):
            raise ValueError(
                f"action {self.action} takes only {', '.join(sorted(only))}, not {', '.join(sorted(others))}"
            )
        return self


def relabel(labels: dict[str, str], rules: Sequence[RelabelConfig]) -> bool:
    """Apply the rules to `labels` in place, in their order. False: the label set is dropped."""
    return all(_apply(rule, labels) for rule in rules)


def _apply(rule: RelabelConfig, labels: dict[str, str]) -> bool:
    value = rule.separator.join([labels.get(name, "") for name in rule.source_labels])
    match rule.action:
        case "keep":
            return compile_regexp(rule.regex).accepts(value)
        case "drop":
            return not compile_regexp(rule.regex).accepts(value)
        case "keepequal":
            return labels.get(rule.target_label, "") == value
        case "dropequal":
            return labels.get(rule.target_label, "") != value
        case "replace":
            _replace(rule, labels, value)
        case "lowercase":
            _set(labels, rule.target_label, value.lower())
        case "uppercase":
            _set(labels, rule.target_label, value.upper())
        case "hashmod":
            _set(labels, rule.target_label, str(_hash(value) % rule.modulus))
        case _:
            _by_name(rule, labels)
    return True


def _replace(rule: RelabelConfig, labels: dict[str, str], value: str) -> None:
    if found := compile_regexp(rule.regex).fullmatch(value):
        target = expand(rule.target_label, found)
        if target:
            _set(labels, target, expand(rule.replacement, found))


def _by_name(rule: RelabelConfig, labels: dict[str, str]) -> None:
    """The actions on every label whose name matches. Sorted, since two names may map to one."""
    for name in sorted(labels):
        found = compile_regexp(rule.regex).fullmatch(name)
        if rule.action == "labelmap":
            if found and (target := expand(rule.replacement, found)):
                _set(labels, target, labels[name])
        elif bool(found) == (rule.action == "labeldrop"):
            del labels[name]


def _set(labels: dict[str, str], name: str, value: str) -> None:
    """An empty value is the same as no label."""
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)


def _hash(value: str) -> int:
    """The last 8 bytes of the MD5 sum, so that targets are divided between servers as Prometheus divides them."""
    return int.from_bytes(hashlib.md5(value.encode(), usedforsecurity=False).digest()[8:], "big")
