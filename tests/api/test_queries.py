"""Queries over HTTP: what Prometheus 3.5 answers to the same questions about the same samples, byte for byte."""

from typing import Any

import pytest

from tests.api.asking import NO_RULES, START_S, Asker, shop, shop_of
from tests.core.story import Story, series
from tests.core.world import alert, program

NOW_S = START_S + 30

each_way = pytest.mark.parametrize("beside", [False, True], ids=["in the loop", "in a copy"])
each_method = pytest.mark.parametrize("method", ["GET", "POST"])


@each_way
@each_method
async def test_an_instant_query_gives_each_series_its_value(method: str, beside: bool) -> None:
    """By address or by form, in the loop or beside it: the same bytes."""
    response = await Asker(shop(), beside=beside).ask("query", method, query='up{replica="1"}', time=NOW_S)
    assert response.text == (
        '{"status":"success","data":{"resultType":"vector","result":[{"metric":'
        '{"__name__":"up","replica":"1","workload":"shop"},"value":[1700000030,"0"]}]}}'
    )
    assert response.headers["content-type"] == "application/json"


@each_way
@each_method
async def test_a_range_query_gives_each_series_its_points(method: str, beside: bool) -> None:
    """Times with milliseconds have three digits of them."""
    asked: dict[str, Any] = {"query": "requests_total", "start": f"{START_S}.25", "end": NOW_S, "step": "15s"}
    response = await Asker(shop(), beside=beside).ask("query_range", method, **asked)
    assert response.text == (
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":'
        '{"__name__":"requests_total","code":"200"},"values":[[1700000000.250,"0"],[1700000015.250,"10.5"]]}]}}'
    )


async def test_each_type_of_result_is_named() -> None:
    """Scalars, texts and ranges of samples have the forms that Prometheus gives them."""
    asker = Asker(shop())
    assert await asker.data("query", query="1e25", time="-5.25") == {
        "resultType": "scalar",
        "result": [-5.25, "10000000000000000000000000"],
    }
    assert await asker.data("query", query="'<ü>'", time=1) == {"resultType": "string", "result": [1, "<ü>"]}
    found = await asker.data("query", query="requests_total[20s]", time=NOW_S)
    assert (found["resultType"], found["result"][0]["values"]) == (
        "matrix",
        [[START_S + 15, "10.5"], [START_S + 30, "21"]],
    )
    assert await asker.data("query", query="nothing", time=NOW_S) == {"resultType": "vector", "result": []}


NUMBERS = {
    1e-7: "1e-07",
    -1e21: "-1e+21",
    1e-6: "0.000001",
    123456789012345680000.0: "123456789012345680000",
    float("inf"): "+Inf",
    float("-inf"): "-Inf",
    float("nan"): "NaN",
    -0.0: "-0",
    1 / 3: "0.3333333333333333",
    5.0: "5",
}


async def test_values_are_written_as_prometheus_writes_them() -> None:
    """The fewest digits that read back the same; an exponent only for what is very large or very small."""
    story = Story(NO_RULES, settled=False)
    story.scrape({series("odd", text=text): value for value, text in NUMBERS.items()})
    found = await Asker(story).data("query", query="odd")
    assert {each["metric"]["text"]: each["value"][1] for each in found["result"]} == {
        text: text for text in NUMBERS.values()
    }


@pytest.mark.parametrize(
    "time", [f"{NOW_S}", f"{NOW_S}.0004", "2023-11-14T22:13:50Z", "2023-11-14T23:13:50.000000001+01:00", ""]
)
async def test_a_time_is_seconds_or_a_date_or_now(time: str) -> None:
    """What is finer than a millisecond does not count."""
    found = await Asker(shop()).data("query", query="vector(1)", time=time)
    assert found["result"][0]["value"][0] == NOW_S


RANGE: dict[str, Any] = {"query": "up", "start": START_S, "end": NOW_S, "step": "15"}
RESOLUTION = (
    "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
)


@pytest.mark.parametrize(
    ("path", "wrong", "text"),
    [
        (
            "query",
            {"time": "soon"},
            'invalid parameter "time": invalid time value for \'time\': cannot parse "soon" to a valid timestamp',
        ),
        ("query", {"limit": "x"}, 'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax'),
        ("query", {"limit": "-1"}, 'invalid parameter "limit": limit must be non-negative'),
        ("query", {"timeout": "x"}, 'invalid parameter "timeout": cannot parse "x" to a valid duration'),
        (
            "query",
            {"lookback_delta": "z"},
            'error parsing lookback delta duration: cannot parse "z" to a valid duration',
        ),
        ("query", {"lookback_delta": "1m"}, 'invalid parameter "lookback_delta": only 5m is supported, got "1m"'),
        ("query", {"query": ""}, 'invalid parameter "query": parse error: no expression found in input'),
        ("query_range", {"start": ""}, 'invalid parameter "start": cannot parse "" to a valid timestamp'),
        ("query_range", {"end": START_S - 1}, 'invalid parameter "end": end timestamp must not be before start time'),
        ("query_range", {"step": "0.5s"}, 'invalid parameter "step": cannot parse "0.5s" to a valid duration'),
        (
            "query_range",
            {"step": "-1"},
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
            "Try a positive integer",
        ),
        (
            "query_range",
            {"step": "1e12"},
            'invalid parameter "step": cannot parse "1e12" to a valid duration. It overflows int64',
        ),
        ("query_range", {"step": "0.002"}, RESOLUTION),
        (
            "query_range",
            {"query": "up[1m]"},
            'invalid parameter "query": invalid expression type for range query, must be Scalar or instant Vector',
        ),
    ],
)
async def test_what_is_wrong_with_a_request_is_told(path: str, wrong: dict[str, Any], text: str) -> None:
    """The status is 400, the type `bad_data`, and the text names the parameter."""
    usual = RANGE if path == "query_range" else {"query": "up"}
    assert await Asker(shop()).refused(path, **(usual | wrong)) == (400, "bad_data", text)


@each_way
async def test_a_query_without_result_is_unprocessable(beside: bool) -> None:
    """What cannot be evaluated on the data has status 422 and the type `execution`."""
    status, kind, text = await Asker(shop(), beside=beside).refused(
        "query", query='label_replace(up,"replica","","","")'
    )
    assert (status, kind, text) == (422, "execution", "vector cannot contain metrics with the same labelset")


async def test_a_limit_truncates_and_says_so() -> None:
    """A warning tells that there was more; a result that fits has none."""
    asker = Asker(shop())
    for path, asked in (("query", {"query": "up"}), ("query_range", RANGE)):
        answer = (await asker.ask(path, **asked, limit=1)).json()
        assert (len(answer["data"]["result"]), answer["warnings"]) == (1, ["results truncated due to limit"])
        assert len((await asker.data(path, **asked, limit=2))["result"]) == 2


async def test_remarks_stand_beside_the_result() -> None:
    """What is remarkable about an evaluation comes as `warnings` and `infos`."""
    answer = (await Asker(shop()).ask("query", query="quantile(2, rate(up[1m]))")).json()
    assert answer["warnings"] == ["PromQL warning: quantile value should be between 0 and 1, got 2"]
    assert [info.split(",")[0] for info in answer["infos"]] == ["PromQL info: metric might not be a counter"]


async def test_what_clients_add_is_tolerated() -> None:
    """Statistics are not kept, and the usual lookback may be named."""
    found = await Asker(shop()).data("query", query="1", stats="all", lookback_delta="5m", timeout="30s")
    assert found["resultType"] == "scalar"


async def test_eleven_thousand_steps_are_answered() -> None:
    """The resolution that dashboards ask for at most is not too much."""
    found = await Asker(shop()).data("query_range", query="1", start=START_S, end=START_S + 11_000, step=1)
    assert len(found["result"][0]["values"]) == 11_001


async def test_an_expression_is_laid_out() -> None:
    """As in Prometheus, with its parse error where it has one."""
    asker = Asker(shop())
    assert await asker.data("format_query", query="sum  by(a)(up)") == "sum by (a) (up)"
    status, kind, text = await asker.refused("format_query", query="sum(")
    assert (status, kind) == (400, "bad_data")
    assert text == 'invalid parameter "query": parse error: unclosed left parenthesis'


async def test_there_are_no_exemplars() -> None:
    """Dashboards that ask for them get none, and mistakes are still told."""
    asker = Asker(shop())
    assert await asker.data("query_exemplars", query="up", start=START_S, end=NOW_S) == []
    assert (await asker.refused("query_exemplars", query="up(", start=START_S, end=NOW_S))[0] == 400


async def test_a_form_without_end_is_refused() -> None:
    """A body has a bound, as in Prometheus."""
    refused = await Asker(shop()).refused("query", method="POST", query="x" * 11 * 2**20)
    assert refused == (400, "bad_data", "error parsing form values: expected at most 10485760 bytes")


async def test_what_is_not_kept_is_told() -> None:
    """An empty answer about a metric that no rule looks at says why, and what to do."""
    story = shop_of(program(alert()))
    answer = (await Asker(story).ask("query", query="up or requests_total")).json()
    assert len(answer["data"]["result"]) == 2  # the replicas
    assert answer["infos"] == ['no rule looks at "requests_total", so its samples are not kept: see engine.pinned']
