"""Secrets: referred to in a configuration, resolved where they are used, and taken out of what others say."""

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import BaseModel, ValidationError

from schemas.secrets import REDACTED, Secrets, SecretText, SecretUnavailable

VALUE = 's3cr3t/with space+and%"quotes"'


class Config(BaseModel):
    token: SecretText


def planted(folder: Path, value: str = VALUE, mode: int = 0o600) -> SecretText:
    file = folder / "token"
    file.write_text(value + "\n")
    file.chmod(mode)
    return SecretText(f"file:{file}")


async def test_a_file_is_read_when_it_is_used(tmp_path: Path) -> None:
    """Without the newline at its end; what replaces it counts from the next use on."""
    reference, secrets = planted(tmp_path), Secrets()
    assert await secrets.resolve(reference) == VALUE
    planted(tmp_path, "rotated-value")
    assert await secrets.resolve(reference) == "rotated-value"


async def test_a_variable_is_read_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is in the environment then."""
    monkeypatch.setenv("A_TOKEN", "hush")
    assert await Secrets().resolve(SecretText("env:A_TOKEN")) == "hush"


async def test_what_is_no_reference_stands_for_itself() -> None:
    """A text that holds a colon is not yet a reference."""
    assert await Secrets().resolve(SecretText("https://example.org/hook")) == "https://example.org/hook"


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602, 0o777])
async def test_a_file_that_everybody_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """With what it may be at most."""
    with pytest.raises(SecretUnavailable, match=r"everybody may use it .*expected at most -rw-rw----"):
        await Secrets().resolve(planted(tmp_path, mode=mode))


async def test_a_pipe_is_no_secret_and_holds_nobody_up(tmp_path: Path) -> None:
    """Nobody writes into it, and it is not waited for."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(SecretUnavailable, match="expected a file"):
        await Secrets().resolve(SecretText(f"file:{tmp_path}/pipe"))


async def test_what_leads_to_no_secret_says_which_reference(tmp_path: Path) -> None:
    """Missing, empty, a folder, no text, or of a scheme that nothing resolves."""
    empty = tmp_path / "empty"
    empty.touch(0o600)
    binary = tmp_path / "binary"
    binary.touch(0o600)
    binary.write_bytes(b"\xff\xfe")
    for text, said in {
        "env:NOT_SET_ANYWHERE": "not set",
        f"file:{tmp_path / 'missing'}": "No such file",
        f"file:{tmp_path}": "Is a directory",
        f"file:{empty}": "empty",
        f"file:{binary}": "UTF-8",
        "kubernetes:shop/hook/token": "nothing that resolves kubernetes secrets",
    }.items():
        with pytest.raises(SecretUnavailable, match=said) as refused:
            await Secrets().resolve(SecretText(text))
        assert text in str(refused.value)


async def test_a_further_scheme_is_resolved_by_who_is_handed_in() -> None:
    """Which is not asked at the start: what it needs may be away when people are to be told so."""
    asked = []

    async def cluster(name: str) -> str:
        asked.append(name)
        return "from the cluster"

    secrets, reference = Secrets({"kubernetes": cluster}), SecretText("kubernetes:shop/hook/token")
    await secrets.check(reference)
    assert asked == []
    assert await secrets.resolve(reference) == "from the cluster"
    assert asked == ["shop/hook/token"]


@pytest.mark.parametrize("text", ["env:", "env:A-B", "env:1", "file:relative", "file:/", "kubernetes:a/b"])
def test_a_malformed_reference_is_an_error_of_the_configuration(text: str) -> None:
    """And not taken for the secret itself."""
    with pytest.raises(ValidationError, match="expected a reference such as"):
        Config.model_validate({"token": text})


def test_no_configuration_shows_a_secret() -> None:
    """References are shown, texts that stand for themselves are not."""
    assert "hush" not in repr(Config.model_validate({"token": "hush hush"}))
    assert "env:A_TOKEN" in repr(Config.model_validate({"token": "env:A_TOKEN"}))


async def test_a_secret_is_taken_out_of_texts_however_it_is_quoted(tmp_path: Path) -> None:
    """Also the one before a rotation, and in any place of a value."""
    secrets, reference = Secrets(), planted(tmp_path)
    await secrets.resolve(reference)
    planted(tmp_path, "rotated-value")
    await secrets.resolve(reference)
    forms = [VALUE, quote(VALUE), quote(VALUE, safe=""), json.dumps(VALUE)[1:-1], repr(VALUE)[1:-1], "rotated-value"]
    assert [secrets.redact(f"no such token: {form}!") for form in forms] == [f"no such token: {REDACTED}!"] * len(forms)
    found = secrets.redacted({"a": ["rotated-value", 7, None], "rotated-value": True})
    assert found == {"a": [REDACTED, 7, None], REDACTED: True}


@pytest.mark.parametrize(
    ("value", "said", "part"),
    [
        ("Bearer 0123456789abcdef", "invalid token {}", "0123456789abcdef"),
        ("https://hooks.example/services/T0/B0/xyz", "POST {}: gone", "/services/T0/B0/xyz"),
        ("https://example.org/h?a=b&key=0123456789", "bad key {}", "0123456789"),
    ],
)
async def test_a_part_of_a_secret_is_one(tmp_path: Path, value: str, said: str, part: str) -> None:
    """A receiver that complains names the token and not the word before it, the path and not the host."""
    secrets = Secrets()
    await secrets.resolve(planted(tmp_path, value))
    assert secrets.redact(said.format(part)) == said.format(REDACTED)
