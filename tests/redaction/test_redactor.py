"""Events through a redactor: what changes, what never does, and what is counted."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.redaction import BY_NAME, Pattern, Redactor
from schemas.events import Event
from tests.redaction.redacting import DEFAULT, event, left

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda within: st.lists(within) | st.dictionaries(st.text(), within),
)
SECRET = "hunter2hunter2"


def test_an_event_without_secrets_is_the_same_object() -> None:
    """It costs one look, and nothing is copied."""
    plain = event({"message": "all is well", "n": 3, "deep": [{"a": "b"}, 1]})
    assert Redactor(DEFAULT).redact(plain) is plain


def test_nothing_but_data_and_subject_changes() -> None:
    """The id, the place to go on reading and the log source are what they were."""
    before = event({"message": "password=hunter2"}, subject="https://a:b@c")
    after = Redactor(DEFAULT).redact(before)
    assert after == Event(
        id="e1", source="/log", type="log.line", subject="https://a:[redacted:url]@c", file="1:2:3", offset=7, skip="1",
        product="p", data={"message": "password=[redacted:password]"},
    )  # fmt: skip
    assert before.data == {"message": "password=hunter2"}


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Client-Secret",
        "clientSecret",
        "http.request.headers.authorization",
        "DB_PASSWORD",
        "api_key",
        "token",
    ],
)
def test_fields_are_secret_by_their_name(name: str) -> None:
    """However their words are joined, and wherever the field lies; numbers too, but not what is no value."""
    for value in ("x", 4711, ["x", 5]):
        assert SECRET not in json.dumps(left({"a": [{name: value}]}))
        assert left({"a": [{name: value}]}) != {"a": [{name: value}]}
    for nothing in (None, True, ""):
        assert left({name: nothing}) == {name: nothing}


@pytest.mark.parametrize("name", ["password_changed", "token_type", "tokens", "secretary", "authorizationInfo", "key"])
def test_other_names_are_not(name: str) -> None:
    """What tells of a secret without telling it stays."""
    assert left({name: "x"}) == {name: "x"}


def test_an_object_with_a_secret_name_goes_by_the_names_within() -> None:
    """Clouds tell by `authorization` what was authorised."""
    data = {"authorization": {"action": "delete", "token": "x"}}
    assert left(data) == {"authorization": {"action": "delete", "token": "[redacted:field]"}}


def test_exempt_fields_stay() -> None:
    """By their name, or by the end of a dotted one, however the event is nested."""
    redactor = Redactor(DEFAULT, exempt=["raw", "http.token"])
    data = {"raw": "password=hunter2", "a.raw": "password=hunter2", "http": {"token": "x"}, "token": "x"}
    assert left(data, redactor) == data | {"token": "[redacted:field]"}


def test_who_called_a_cloud_is_no_secret() -> None:
    """The id of an access key is what CloudTrail knows its user by."""
    data = {"userIdentity": {"accessKeyId": "AKIAABCDEFGHIJKLMNOP"}}
    assert left(data) == data


def test_what_is_found_in_one_field_goes_from_the_others() -> None:
    """The command line tells which of auditd's arguments is the secret; its lines have it in hexadecimal."""
    data: dict[str, Any] = {
        "process.command_line": f"backup --password {SECRET}",
        "a2": ["1f", SECRET],
        "message": f"proctitle={(chr(0) + SECRET).encode().hex().upper()}",
    }
    assert left(data) == {
        "process.command_line": "backup --password [redacted:option]",
        "a2": ["1f", "[redacted:option]"],
        "message": "proctitle=00[redacted:option]",
    }


def test_short_secrets_are_not_sought_elsewhere() -> None:
    """They would be found by chance."""
    assert left({"a": "password=on", "b": "on and on"}) == {"a": "password=[redacted:password]", "b": "on and on"}


def test_what_is_taken_out_is_counted_by_pattern() -> None:
    """Each secret once, from the start with a count of nought for each pattern."""
    redactor = Redactor(DEFAULT)
    assert set(redactor.counts.values()) == {0}
    left({"a": "https://a:b@c and https://d:e@f", "token": "x", "m": "Authorization: Bearer " + "x1" * 10}, redactor)
    assert {name: count for name, count in redactor.counts.items() if count} == {
        BY_NAME: 1, "url": 2, "authorization": 1
    }  # fmt: skip


def test_a_pattern_of_ones_own() -> None:
    """What its groups find goes, or all of it where it has none; `^` and `$` are ends of lines."""
    own = [Pattern("badge", r"^badge (\d+) of (\w+)$"), Pattern("room", r"room \d+")]
    redactor = Redactor(own, replacement="<{name}>")
    assert left({"a": "in\nbadge 7 of ann\nroom 5, badge 8 of bob"}, redactor) == {
        "a": "in\nbadge <badge> of <badge>\n<room>, badge 8 of bob"
    }
    assert left({"x": "y", "b": "badge 7 of ann"}, redactor) == {"x": "y", "b": "badge <badge> of <badge>"}


@pytest.mark.parametrize("expression", ["(", r"\Aa", r"a\z", "a*", "(?=a)"])
def test_a_pattern_that_cannot_be_used_is_refused(expression: str) -> None:
    """Among them those that would find something in everything."""
    with pytest.raises(ValueError, match="regular expression "):
        Pattern("own", expression).compiled()


@given(JSON)
def test_any_event_can_be_redacted_again(data: Any) -> None:
    """Nothing raises, the shape stays, and a second time finds nothing more."""
    redactor = Redactor(DEFAULT)
    once = left(data, redactor)
    counts = dict(redactor.counts)
    assert left(once, redactor) == once
    assert redactor.counts == counts
    assert type(once) is type(data) or isinstance(data, int | float)


@given(JSON, st.sampled_from(["password={}", "https://a:{}@b", "--token {}", '{{"secret": "{}"}}', "Bearer {}"]))
def test_a_secret_leaves_no_event(data: Any, form: str) -> None:
    """Whatever else is in the event, and wherever it lies."""
    secret = "s3cr3t-0123456789"
    texts = [{"deep": [data, form.format(secret)]}, {"a": form.format(secret), "b": data, "c": f"x {secret} y"}]
    for each in texts:
        assert secret not in json.dumps(left(each))


def test_an_attacker_cannot_make_it_slow() -> None:
    """A line full of secrets is done in time that grows with its length."""
    line = " ".join(f"password=hunter{number:06}" for number in range(3000))
    assert "hunter" not in left({"a": line, "b": line})["a"]
