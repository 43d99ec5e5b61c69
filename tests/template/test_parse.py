"""What is not a template is refused with its place, and what a template uses can be told without rendering it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.template import OF_EITHER, OF_RUNS, TemplateError, parse

MISTAKES = {
    "{{": ("{{ is never closed", 0),
    "x {{ $labels.a": ("{{ is never closed", 2),
    "{{ $labels.a }": ("unexpected '}'", 13),
    "{{ }}": ("expected a value, got }}", 3),
    "{{ foo }}": ('function "foo" is not defined', 3),
    "{{ $foo }}": ('variable "$foo" is not defined', 3),
    "{{ if 1 }}{{ else with 1 }}{{ end }}": ("expected }} after else, got with", 18),
    "{{ 1e400 }}": ("expected a number, got 1e400", 3),
    "{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}": ('variable "$x" is not defined', 38),
    "{{ if true }}": ("`if` has no `end`", 3),
    "{{ if true }}{{ else }}": ("`if` has no `end`", 3),
    "{{ if true }}{{ else }}{{ else }}{{ end }}": ("`else` after `else`", 26),
    "{{ if }}{{ end }}": ("expected a value, got }}", 6),
    "{{ end }}": ("unexpected end", 3),
    "{{ break }}": ("`break` outside of `range`", 3),
    "{{ range 1 }}{{ break 1 }}{{ end }}": ("expected }}, got 1", 22),
    "{{ (1 }}": ("expected ), got }}", 6),
    "{{ 1 | 2 }}": ("only a function can take a value from |", 7),
    '{{ "a"b }}': ("unexpected b", 6),
    '{{ "a".b }}': ('"a" has no fields', 3),
    r'{{ "\q" }}': ("unknown escape \\q", 3),
    "{{ 'ab' }}": ("expected one character, got 'ab'", 3),
    "{{ 1_ }}": ("expected a number, got 1_", 3),
    "{{/* a */ 1 }}": ("expected }} right after the comment", 9),
    '{{ define "x" }}': ("`define` has no `end`", 3),
    "{{ template x }}": ("expected the name of a template in quotes, got x", 12),
    '{{ if 1 }}{{ define "x" }}{{ end }}{{ end }}': ("`define` within a block", 13),
    '{{ define "x" }}{{ $labels.a }}{{ end }}': ('variable "$labels" is not defined', 19),
    '{{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }}': ('template "x" is defined twice', 29),
    "{{ " + "(" * 200 + "1 }}": ("nested more than 50 deep", 53),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.items(), ids=[text[:30] for text in MISTAKES])
def test_a_mistake_has_its_message_and_place(text: str, expected: tuple[str, int]) -> None:
    """The message says what was expected, the offset where."""
    with pytest.raises(TemplateError) as refused:
        parse(text)
    assert (refused.value.message, refused.value.offset) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{ $labels.a }} {{ .Labels.b }} {{ $.Labels.c }}", {"a", "b", "c"}),
        ("{{ if eq $labels.a (printf `%s` $labels.b) }}{{ .Labels.c }}{{ else }}{{ .Labels.d }}{{ end }}", set("abcd")),
        ("{{ range query `up` }}{{ .Labels.a }}{{ $labels.b }}{{ end }}", {"b"}),
        ("{{ with $value }}{{ .Labels.a }}{{ else }}{{ .Labels.b }}{{ end }}", {"b"}),
        ("{{ $labels }} {{ index $labels `a` }} {{ $externalLabels.b }}", set()),
    ],
)
def test_the_labels_that_a_template_names(text: str, names: set[str]) -> None:
    """Labels of the alert count, in every branch; those of a queried sample or the outside do not."""
    assert parse(text).label_names == names


def test_parameters_are_named_where_a_template_may_have_them() -> None:
    """They render as labels do, in a template that is said to be about a run."""
    text = "{{ $params.a }}-{{ if $params.b }}b{{ end }}"
    assert parse(text, OF_RUNS).param_names == {"a", "b"}
    assert parse(text, OF_RUNS).render({"a": "1", "b": "x"}, 0.0) == "1-b"
    assert parse("{{ $params.a }}{{ $labels.b }}", OF_EITHER).label_names == {"b"}
    for refused, variables in (("{{ $params.a }}", None), ("{{ $labels.a }}", OF_RUNS), ("{{ $value }}", OF_RUNS)):
        with pytest.raises(TemplateError, match="is not defined"):
            parse(refused, variables) if variables else parse(refused)


def test_only_text_without_actions_is_literal() -> None:
    """A literal renders the same for every alert; a constant in braces is not one."""
    assert parse("5m of }} nothing").is_literal
    assert not parse("{{ 5 }}").is_literal


@given(st.text(st.sampled_from("{}-/*() .|$:=,\"'`\n\\xa1labelsifendrangewithelse"), max_size=60))
def test_any_text_parses_and_renders_or_is_refused(text: str) -> None:
    """No text makes the parser or the evaluation fail in any other way."""
    try:
        parse(text).render({"a": "b"}, 1.0)
        parse("{{" + text + "}}").render({"a": "b"}, 1.0)
    except TemplateError as error:
        assert error.message  # noqa: PT017  # either way of ending is right


@given(st.text())
def test_text_without_braces_is_itself(text: str) -> None:
    """What holds no action is copied."""
    text = text.replace("{", "")
    assert parse(text).render({}, 0) == text
