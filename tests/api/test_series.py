"""Series, label names and label values, as dashboards ask for them to fill their menus."""

from typing import Any

import pytest

from tests.api.asking import START_S, Asker, shop

UP = [{"__name__": "up", "replica": replica, "workload": "shop"} for replica in "01"]
REQUESTS = {"__name__": "requests_total", "code": "200"}


@pytest.mark.parametrize("beside", [False, True], ids=["in the loop", "in a copy"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_series_are_found_by_any_of_several_selectors(method: str, beside: bool) -> None:
    """Each once, in the order of labels, by address or by form."""
    selectors = ["up", 'up{replica="1"}', '{code=~"2.."}']
    found = await Asker(shop(), beside=beside).data("series", method=method, match__=selectors)
    assert found == [REQUESTS, *UP]


async def test_a_time_leaves_out_series_without_samples() -> None:
    """Only what has a sample from `start` to `end`, both included, is found."""
    asker = Asker(shop())
    assert await asker.data("series", match__="up", start=START_S + 31) == []
    assert await asker.data("series", match__="up", end=START_S - 1) == []
    assert await asker.data("series", match__="up", start=START_S + 1, end=START_S + 15) == UP
    assert await asker.data("label/code/values", start=START_S + 31) == []


async def test_label_names_and_values_are_sorted() -> None:
    """Of everything, or of what the selectors pick; a label that is not there has no values."""
    asker = Asker(shop())
    assert await asker.data("labels") == ["__name__", "code", "replica", "workload"]
    assert await asker.data("labels", match__="requests_total") == ["__name__", "code"]
    assert await asker.data("label/__name__/values") == ["requests_total", "up"]
    assert await asker.data("label/replica/values", match__='{workload="shop"}') == ["0", "1"]
    assert await asker.data("label/nothing/values") == []


@pytest.mark.parametrize(
    ("path", "asked"), [("series", {"match__": "up"}), ("labels", {}), ("label/replica/values", {})]
)
async def test_a_limit_truncates_and_says_so(path: str, asked: dict[str, Any]) -> None:
    """A warning tells that there was more."""
    answer = (await Asker(shop()).ask(path, **asked, limit=1)).json()
    assert (len(answer["data"]), answer["warnings"]) == (1, ["results truncated due to limit"])


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({}, "no match[] parameter provided"),
        (
            {"match__": "{}"},
            'invalid parameter "match[]": parse error: vector selector must contain at least one non-empty matcher',
        ),
        (
            {"match__": "up[5m]"},
            'invalid parameter "match[]": parse error: expected a series selector such as up{job="x"}, got up[5m]',
        ),
        ({"match__": "up", "limit": "-1"}, 'invalid parameter "limit": limit must be non-negative'),
        (
            {"match__": "up", "start": "x"},
            'invalid parameter "start": invalid time value for \'start\': cannot parse "x" to a valid timestamp',
        ),
    ],
)
async def test_what_is_wrong_with_a_request_is_told(asked: dict[str, Any], text: str) -> None:
    """The status is 400, the type `bad_data`, and the text names the parameter."""
    assert await Asker(shop()).refused("series", **asked) == (400, "bad_data", text)
