"""Plans: what is refused, placeholders, what a plan says of itself, joins, triggers, freshness."""

import pytest

from engine.promql import Covered, Freshness, PromqlError, Triggers, compile_expr
from engine.promql.regexp import compile_regexp
from schemas.samples import STALE
from tests.promql.columns import STEP_MS, ask, labels, store_of


@pytest.mark.parametrize(
    ("expr", "named"),
    [
        ("histogram_avg(x)", "native histograms"),
        ("info(x)", "info"),
        ('info(x, {a=~".*"})', "info"),
        ('{a="1" or b="2"}', '"or" between matchers'),
        ("x @ -10", "before 1970"),
        ("x @ 99999999999999", "that far away"),
        ("rate(x[1m] smoothed)", "smoothed"),
        ("rate(x[1m + 1m])", "duration expressions"),
        ("x offset (1m)", "duration expressions"),
        ("x </ y", "</"),
        ("x[5m]", "range vector"),
        ("x[5m:]", "range vector"),
        ("'text'", "string"),
        ("x{a='\\xff'}", "UTF-8"),
        ("label_replace(x, '', '', 'a', '')", "destination label"),
        ("sum(x", "parse error"),
    ],
)
def test_what_is_not_supported_is_a_load_error_that_names_it(expr: str, named: str) -> None:
    """Nothing is found out only when the rule should have fired."""
    with pytest.raises(PromqlError) as error:
        compile_expr(expr)
    assert named in str(error.value)


def test_a_placeholder_is_bound_as_a_value_whatever_it_holds() -> None:
    """A label value is never read as PromQL."""
    hostile = 'a"} or vector(1) #'
    store = store_of({labels("up", instance=hostile): [1.0], labels("up", instance="b"): [1.0]})
    plan = compile_expr('up{instance="{{ $labels.instance }}"} == 1')
    assert plan.placeholders == {"instance"}
    bound = plan.bind({"instance": hostile})
    assert bound.placeholders == frozenset()
    assert list(bound.evaluate(store, 0).labels) == [labels("up", instance=hostile)]


def test_a_parameter_is_bound_as_a_label_is() -> None:
    """And is told apart from one before that."""
    plan = compile_expr('up{instance="{{ $params.instance }}",job!="{{ $labels.job }}"}')
    assert (set(plan.parameters), set(plan.placeholders)) == ({"instance"}, {"job"})
    store = store_of({labels("up", instance="a", job="x"): [1.0], labels("up", instance="a", job="y"): [1.0]})
    bound = plan.bind({"instance": "a", "job": "y"})
    assert list(bound.evaluate(store, 0).labels) == [labels("up", instance="a", job="x")]
    with pytest.raises(PromqlError, match="no parameter 'instance'"):
        plan.bind({"job": "y"})


def test_binding_needs_every_label() -> None:
    """A placeholder without a value is an error, not an empty matcher."""
    with pytest.raises(PromqlError, match="'pod'"):
        compile_expr('up{pod!="{{ $labels.pod }}"}').bind({"instance": "a"})


@pytest.mark.parametrize("matcher", ['a="x{{ $labels.a }}"', 'a=~"{{ $labels.a }}"', 'a="{{ $value }}"'])
def test_a_placeholder_stands_only_for_a_whole_value(matcher: str) -> None:
    """Neither parts of values nor regular expressions are pasted together."""
    with pytest.raises(PromqlError):
        compile_expr(f"up{{{matcher}}}")


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ("x", None),
        ("sum by (a, b) (x)", {"a", "b"}),
        ("5 < sum by (a) (x)", {"a"}),
        ("sum(x)", set()),
        ("sum without (a) (x)", None),
        ("sum without (a) (sum by (a, b) (x))", {"b"}),
        ("x / on (a) y", {"a"}),
        ("sum by (a) (x) / on (a) group_left (c) y", {"a", "c"}),
        ("sum by (a) (x) or sum by (b) (y)", {"a", "b"}),
        ("sum by (a) (x) and y", {"a"}),
        ("topk(1, sum by (a) (x))", {"a"}),
        ("count_values by (a) ('v', x)", {"a", "v"}),
        ("histogram_quantile(0.9, sum by (le, a) (x))", {"a"}),
        ("label_join(sum by (a) (x), 'b', '-', 'a')", {"a", "b"}),
        ('absent(x{a="1", b=~"."})', {"a"}),
        ("vector(time())", set()),
    ],
)
def test_a_plan_knows_which_labels_a_result_can_have(expr: str, names: set[str] | None) -> None:
    """A template that asks for a label that can never be there is found when rules are loaded."""
    assert compile_expr(expr).output_labels == names


def test_selectors_say_how_far_back_an_expression_looks() -> None:
    """Retention follows range and offset, those of subqueries around them too, and the lookback where no range is."""
    plan = compile_expr("rate(x[10m] offset 1m) / y + max_over_time(rate(z[2m])[1h:1m] offset 5m)")
    assert [selector.window_ms for selector in plan.selectors] == [660_000, 300_000, 4_020_000]


def test_a_scalar_is_one_element_without_labels() -> None:
    """Every result is a vector."""
    assert ask(store_of({}), "1 + 2 * time()", 3000) == {(): 7.0}


def test_matching_that_is_not_clear_is_an_error() -> None:
    """Many-to-many, implicit many-to-one and duplicate results are refused, as Prometheus words it."""
    series = [labels("x", a="1", b="1"), labels("x", a="1", b="2"), labels("y", a="1"), labels("z", a="1")]
    store = store_of({each: [1.0] for each in series})
    with pytest.raises(PromqlError, match="many-to-many matching not allowed"):
        ask(store, "y + on (a) x", 0)
    with pytest.raises(PromqlError, match="many-to-one matching must be explicit"):
        ask(store, "x + on (a) y", 0)
    with pytest.raises(PromqlError, match="same labelset"):
        ask(store, '-{__name__=~"y|z"}', 0)
    assert len(ask(store, "x + on (a) group_left () y", 0)) == 2


def test_cached_joins_follow_their_operands() -> None:
    """The partner of a series is the one that is there now, not the one that was."""
    store = store_of(
        {
            labels("x", i="1"): [1.0, 1.0],
            labels("role", i="1", role="old"): [1.0, STALE],
            labels("role", i="1", role="new"): [None, 1.0],
        }
    )
    plan = compile_expr("x * on (i) group_left (role) role")
    assert list(plan.evaluate(store, 0).labels) == [labels("", i="1", role="old")]
    assert list(plan.evaluate(store, STEP_MS).labels) == [labels("", i="1", role="new")]


def test_triggers_are_the_plans_whose_selectors_pick_a_series() -> None:
    """A plan is named once, whichever of its selectors picks how many of the series."""
    exprs = ["x", 'x{a="1"} / x', "y", '{a="1"}', 'up{pod="{{ $labels.pod }}"}', "1"]
    triggers = Triggers([compile_expr(expr) for expr in exprs])
    assert triggers.of([labels("x", a="2"), labels("x", a="3")]) == (0, 1)
    assert triggers.of([labels("x", a="1")]) == (0, 1, 3)
    assert triggers.of([labels("up", pod="p")]) == (4,)
    assert triggers.of([labels("z")]) == ()


def test_freshness_is_that_of_the_most_silent_series() -> None:
    """Verification waits for every series that the expression rests on; ended ones are not waited for."""
    store = store_of(
        {
            labels("x", i="1"): [1.0, 1.0, 1.0],
            labels("x", i="2"): [1.0, 1.0],
            labels("x", i="3"): [1.0, None, STALE],
        }
    )
    plan = compile_expr("x == 1")
    assert plan.freshness(store, 2 * STEP_MS) == Freshness(series=2, newest_ms=STEP_MS, interval_ms=STEP_MS)
    assert plan.freshness(store, 3_600_000) == Freshness(series=0, newest_ms=0, interval_ms=0)


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        ("(?i)pro.*", "PROD", "dev"),
        ("a((?i)b|c)d", "aCd", "ACD"),
        ("x(?i)a|b", "B", "XA"),
        ("[[:alpha:]]+", "abc", "ab1"),
        (r"\Qa.b\E+", "a.bb", "axb"),
        ("(?P<n>a)(?<m>b)", "ab", "a"),
        ("a.c", "a\nc", "ac"),
        ("[a&&b~~|]", "&", "c"),
        (r"\d+", "12", "\u0661"),
        ("a|b", "a", "ab"),
        ("a{,2}", "a{,2}", "aa"),
        ("a+?b", "aab", "b"),
    ],
)
def test_regular_expressions_mean_what_they_mean_in_go(pattern: str, accepted: str, refused: str) -> None:
    """Anchored, dot matches newline, flags anywhere, ASCII classes."""
    assert compile_regexp(pattern).fullmatch(accepted)
    assert not compile_regexp(pattern).fullmatch(refused)


def test_raw_strings_hold_backslashes() -> None:
    """A regular expression in backticks needs no second backslash."""
    assert list(ask(store_of({labels("x", a="12"): [1.0]}), r"x{a=~`\d+`}", 0)) == [labels("x", a="12")]


def test_what_may_change_by_the_clock_alone() -> None:
    """Such an expression is evaluated although it selects nothing; a subquery, too, counts more or fewer moments."""
    for text in ("vector(time())", "absent(x) and on () minute() > 3", "count_over_time(vector(1)[5s:10s]) > 0"):
        assert compile_expr(text).asks_the_time
    assert not compile_expr("absent(uptime) or rate(x[1m]) > 0").asks_the_time


def test_what_is_covered_by_other_selectors() -> None:
    """Fewer matchers and as long a window need all that more matchers and a shorter window do."""
    kept = [each for text in ('x{a="1"}', "rate(y[1h])", "rate(y[10m])") for each in compile_expr(text).selectors]
    covered = Covered(kept)

    def is_covered(text: str) -> bool:
        return all(selector in covered for selector in compile_expr(text).selectors)

    assert is_covered('x{a="1"}')
    assert is_covered('x{b=~"2.*", a="1"}')
    assert is_covered('rate(y{a="1"}[30m] offset 30m)')
    assert not is_covered('x{b="1"}')
    assert not is_covered("x")
    assert not is_covered('rate(x{a="1"}[10m])')
    assert not is_covered("rate(y[1h] offset 1m)")
