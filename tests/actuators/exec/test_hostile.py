"""Whatever a command says, the program gets it as one argument that was declared, or is not started."""

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actuators.exec.config import CommandConfig
from actuators.parameters import PathParameter
from schemas.plugins import EffectFailed
from tests.actuators.exec.place import ANY, Place, run
from tests.actuators.site import open_gate

# What a shell would make something of. With a pattern that lets all of it through it arrives as it is, in one argument.
METACHARACTERS = {
    "a second command": "x; touch /tmp/owned",
    "a command on success": "x && reboot",
    "a command on failure": "x || reboot",
    "a pipe": "x | sh",
    "a background": "x & reboot",
    "a substitution": "$(reboot)",
    "an old substitution": "`reboot`",
    "a variable": "$HOME ${PATH} $IFS",
    "an arithmetic expansion": "$((1+1))",
    "a process substitution": "<(reboot)",
    "a redirection": "x > /etc/passwd",
    "an append": "x >> /etc/passwd",
    "an input": "< /etc/shadow",
    "a here-string": "<<< x",
    "a glob": "/etc/* ?[a-z]",
    "a brace expansion": "{a,b}{1..9}",
    "our own template": "{value} {{value}} {0} {value.__class__}",
    "a format": "%s %n %x",
    "a home": "~root",
    "single quotes": "x' ; reboot '",
    "double quotes": 'x" ; reboot "',
    "a backslash": "x\\; \\",
    "a comment": "x # y",
    "a history": "!! !$",
    "blanks": "  two   words  ",
    "nothing": "",
    "other letters": "х·ｅ‑–—−․․／",  # noqa: RUF001
    "a rule's template": "{{ $labels.x }}",
    "an assignment": "PATH=/tmp sh",
}
# What is refused whatever the pattern says.
REFUSED = {
    "a line": "x\nreboot",
    "a carriage return": "x\rreboot",
    "an end of text": "x\0y",
    "an escape": "\x1b]0;owned\x07",
    "a tab": "x\ty",
    "a next line": "x\x85y",
    "a line separator": "x\u2028y",
    "another order of letters": "x\u202egpj.sh",
    "a letter without a shape": "x\u3164y",
    "a mark that only chooses a shape": "x\ufe0fy",
    "a joiner": "x\u034fy",
    "what is to be ignored some day": "x\U000e0fffy",
    "a blank of dots": "x\u2800y",
    "no text": "\udcff",
    "an option": "-rf",
    "a long option": "--output=/etc/passwd",
    "the end of options": "--",
    "standard input": "-",
    "too much": "x" * 300,
}


def template(place: Place, *words: str, **parameters: Any) -> None:
    place.declare("tidy", "say", *words, parameters=parameters)


async def sent(place: Place, values: Sequence[dict[str, Any]]) -> list[Any]:
    """What the program received of each; None where it was not started."""
    received: list[Any] = []
    async with place.actuator() as actuator:
        for number, params in enumerate(values):
            before = len(place.received())
            try:
                await actuator.execute(run(by=f"c{number}", **params), open_gate)
            except EffectFailed:
                assert len(place.received()) == before
                received.append(None)
            else:
                received.append(place.received()[-1]["argv"][1:])
    return received


async def test_what_a_shell_would_take_for_more_is_one_argument(place: Place) -> None:
    """It arrives letter by letter, beside its neighbours and within its element."""
    template(place, "before", "{value}", "--value={value}", "after", value=ANY)
    expected = [["before", value, f"--value={value}", "after"] for value in METACHARACTERS.values()]
    assert await sent(place, [{"value": value} for value in METACHARACTERS.values()]) == expected


async def test_options_and_what_is_not_visible_reach_no_process(place: Place) -> None:
    """Even by a pattern that lets all through."""
    template(place, "{value}", value=ANY)
    assert await sent(place, [{"value": value} for value in REFUSED.values()]) == [None] * len(REFUSED)


async def test_nothing_before_a_dash_makes_no_option(place: Place) -> None:
    """An element that is written `{zone}-{host}` is no option of the program because its zone is left empty."""
    texts = {"type": "text", "pattern": "[a-z-]*"}
    template(place, "{zone}-{host}", "{zone}{host}", zone=texts, host=texts)
    values = [{"zone": zone, "host": "rf"} for zone in ("eu", "")]
    assert await sent(place, values) == [["eu-rf", "eurf"], None]


async def test_what_is_not_declared_reaches_no_process(place: Place) -> None:
    """Another parameter, none where one is needed, another kind of value, a part of what a pattern wants."""
    template(
        place,
        "{size}",
        "{level}",
        size={"type": "text", "pattern": "[0-9]+[KMG]"},
        level={"type": "choice", "values": ["info", "-v"], "leading_dash": True},
    )
    good = {"size": "5M", "level": "info"}
    wrong: list[dict[str, Any]] = [
        {**good, "more": "x"},
        {"size": "5M"},
        {**good, "size": None},
        {**good, "size": ["5M"]},
        {**good, "size": {"a": "5M"}},
        {**good, "size": True},
        {**good, "size": "5M; reboot"},
        {**good, "size": "x5M"},
        {**good, "size": "5M\n"},
        {**good, "level": "info,debug"},
        {**good, "level": "-vv"},
    ]
    assert await sent(place, [good, {**good, "level": "-v"}, *wrong]) == [["5M", "info"], ["5M", "-v"]] + [None] * 11


async def test_a_whole_number_is_one(place: Place) -> None:
    """In its range, in plain digits, and passed on as such."""
    template(place, "--", "{n}", n={"type": "integer", "min": -5, "max": 500, "leading_dash": True})
    values = ["7", "007", "-5", 500, "-6", "501", "1e2", "0x10", "٧", "1_0", "+7", " 7", "7.0", "", "--7", "9" * 5000]  # noqa: RUF001
    received = await sent(place, [{"n": value} for value in values])
    assert received == [["--", text] for text in ("7", "7", "-5", "500")] + [None] * 12


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """A cache with a file and a folder, and links out of it and within it."""
    root = tmp_path / "cache"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "file").write_text("")
    (tmp_path / "cache-of-another").mkdir()
    (tmp_path / "secret").write_text("")
    (root / "out").symlink_to(tmp_path)
    (root / "secret").symlink_to(tmp_path / "secret")
    (root / "dangling").symlink_to("/nowhere/at/all")
    (root / "loop").symlink_to(root / "loop")
    (root / "within").symlink_to(root / "sub")
    (tmp_path / "link").symlink_to(root)
    return root


async def test_a_path_leads_nowhere_but_below_its_roots(place: Place, roots: Path) -> None:
    """By no dots, no link, no neighbour of the same beginning; what is passed on is where it leads."""
    template(place, "{path}", path={"type": "path", "roots": [str(roots)]})
    good = {f"{roots}/sub/file": "sub/file", f"{roots}/within/file": "sub/file", f"{roots}/new": "new"}
    good[f"{roots.parent}/link/sub"] = "sub"
    bad = [
        str(roots),
        f"{roots}/",
        f"{roots}/.",
        f"{roots}/..",
        f"{roots}/../secret",
        f"{roots}/sub/../../secret",
        f"{roots}//sub",
        f"{roots}/sub/",
        f"{roots}-of-another",
        f"{roots}/out/secret",
        f"{roots}/secret",
        f"{roots}/dangling",
        "/etc/passwd",
        "/",
        "",
        "cache/sub",
        "./cache",
        "~/cache",
        f" {roots}/sub",
        f"file://{roots}/sub",
        f"{roots}/..;/x/../..",
        f"{roots}/sub\0/../..",
        f"{roots}/%2e%2e/../secret",
        f"{roots}/" + "x/" * 3000 + "y",
        "-/cache",
    ]
    received = await sent(place, [{"path": value} for value in [*good, *bad]])
    assert received == [[f"{roots}/{where}"] for where in good.values()] + [None] * len(bad)


@given(
    parts=st.lists(
        st.sampled_from(["sub", "file", "..", ".", "", "out", "secret", "within", "loop", "etc", "~", "a b"]),
        max_size=8,
    )
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_of_whatever_parts_escapes(roots: Path, parts: list[str]) -> None:
    """What is accepted is below the root by every name, its own and the system's."""
    parameter = PathParameter(type="path", roots=[roots])
    for beginning in (str(roots), str(roots.parent / "link"), "", "/", "-"):
        try:
            accepted = parameter.accept("/".join([beginning, *parts]))
        except ValueError:
            continue
        assert accepted.startswith(f"{roots}/")
        assert os.path.realpath(accepted) == accepted


@given(st.lists(st.text(max_size=20), min_size=1, max_size=30))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_one_argument_or_none(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """What the program received is exactly what was said; it never is an option, nor of several lines."""
    place = Place(tmp_path_factory.mktemp("any"))
    template(place, "{value}", value=ANY)
    for text, received in zip(texts, asyncio.run(sent(place, [{"value": text} for text in texts])), strict=True):
        assert received in ([text], None)
        assert received is None or not (text.startswith("-") or len(text.splitlines()) > 1)


@given(st.text(max_size=40))
@settings(max_examples=500)
def test_any_text_fills_its_element_and_no_other(text: str) -> None:
    """Argument for argument, whatever is in it."""
    declared = CommandConfig.model_validate(
        {"argv": ["/bin/echo", "a", "{x}", "--y={x}", "z"], "parameters": {"x": ANY}}
    )
    try:
        values = declared.accept({"x": text}, but=frozenset())
    except EffectFailed:
        return
    assert [template.fill(values) for template in declared.templates] == ["/bin/echo", "a", text, f"--y={text}", "z"]
    assert json.loads(json.dumps(text)) == text
