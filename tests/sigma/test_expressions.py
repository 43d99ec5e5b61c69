"""What a text must hold for a regular expression to be found in it."""

import pytest

from engine.sigma.expressions import NOTHING, All, Lit, Needs, Some, needs


@pytest.mark.parametrize(
    ("expression", "needed"),
    [
        ("abc", Lit("abc")),
        ("ABC", Lit("abc")),
        ("ab?c", All((Lit("a"), Lit("c")))),
        ("ab+c", All((Lit("ab"), Lit("c")))),
        ("ab{2,}c", All((Lit("ab"), Lit("c")))),
        ("ab{0,3}c", All((Lit("a"), Lit("c")))),
        ("a{,5}", Lit("a{,5}")),
        ("a|b", Some((Lit("a"), Lit("b")))),
        ("a|", Some((Lit("a"), NOTHING))),
        ("x(a|b)*y", All((Lit("x"), Lit("y")))),
        ("x(?:a|b)+y", All((Lit("x"), Some((Lit("a"), Lit("b"))), Lit("y")))),
        (r"^\\temp\.exe$", Lit("\\temp.exe")),
        (r"\s-k\s", Lit("-k")),
        ("[Rr][Uu]n", Lit("run")),
        ("a[^]b]c", All((Lit("a"), Lit("c")))),
        (r"a[\]b]c", All((Lit("a"), Lit("c")))),
        ("(?i)K", Lit("k")),
        ("(?i)\u03c9a", Lit("a")),
        ("\u03c9a", Lit("\u03c9a")),
        ("a\u03a3b", All((Lit("a"), Lit("b")))),
        (r"\pN+a", NOTHING),
        (r"\Qa.b\E", NOTHING),
        ("a(?P<name>b)", All((Lit("a"), Lit("b")))),
        ("(" * 200 + "a" + ")" * 200, NOTHING),
    ],
)
def test_an_expression_needs_the_literals_that_no_way_through_it_avoids(expression: str, needed: Needs) -> None:
    """Literals that follow each other, the branches of alternatives; nothing of what is optional or not known."""
    assert needs(expression) == needed
