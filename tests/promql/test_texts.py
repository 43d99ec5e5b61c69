"""What tools ask of the text of an expression."""

import pytest

from engine.promql import Matcher, PromqlError, compile_query, formatted, is_demanding, metric_selector, on_one_line

NAME = Matcher("=", "__name__", "up")


def test_a_selector_has_its_matchers() -> None:
    """The metric name is one of them."""
    assert metric_selector('up{job=~"a.*"}') == (NAME, Matcher("=~", "job", "a.*"))
    assert metric_selector('{__name__="up"}') == (NAME,)


@pytest.mark.parametrize("text", ["up[5m]", "up offset 5m", "up @ 5", "sum(up)", "(up)", "1", "", "{}", '{job=~".*"}'])
def test_what_is_no_selector_is_refused(text: str) -> None:
    """A range, an offset, an expression, or what would pick everything."""
    with pytest.raises(PromqlError):
        metric_selector(text)


def test_an_expression_is_laid_out_on_one_line_or_several() -> None:
    """What is long is broken, but not in a list of rules."""
    text = (
        'sum  by(instance,job)(rate(http_requests_total{job="x",instance=~"a.*"}[5m]))/on(instance,job)info_total>0.5'
    )
    assert "\n" in formatted(text)
    assert on_one_line(text) == (
        'sum by (instance, job) (rate(http_requests_total{instance=~"a.*",job="x"}[5m]))'
        " / on (instance, job) info_total > 0.5"
    )


@pytest.mark.parametrize(
    ("text", "demanding"),
    [
        ('sum(rate(x{a=~"b.*|c.*"}[5m]))*2+1', False),
        ("x" * 3000, True),
        ("+".join("x" * 200), True),
        (" or ".join("x" * 200), True),
        ('x{a=~"(b*)*"}', True),
        ("x{a=~'.*b.*c.*d.*'}", True),
    ],
)
def test_what_may_take_long_is_known_before(text: str, demanding: bool) -> None:
    """Much text, much nesting, and regular expressions that repeat repetitions or have many."""
    assert is_demanding(text) == demanding


@pytest.mark.parametrize("operator", ["+", " or ", " AND ", " unless ", " atan2 ", "(", "-"])
def test_what_would_exhaust_the_parser_is_refused(operator: str) -> None:
    """Operators that are words count too: the parser recurses, and has no bound of its own."""
    with pytest.raises(PromqlError, match="more than 2000 operators and parentheses"):
        compile_query(operator.join(["up"] * 20_000))


def test_operators_in_strings_are_none() -> None:
    """A menu of a dashboard may hold thousands of names with dashes."""
    names = "|".join(f"web-{number}" for number in range(3000))
    (selector,) = compile_query(f'up{{instance=~"{names}"}}').selectors
    assert selector.matchers[1].value == names
