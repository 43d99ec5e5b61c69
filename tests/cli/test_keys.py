"""Signing keys as people make, show, list and replace them, and what of a key file is refused."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.cli import keys as cli_keys
from engine.cli import own_key
from engine.cli.config import Config, ConfigError, load
from engine.cli.failure import CommandFailedError
from engine.cli.main import parser
from engine.cli.trusting import LiveTrust, own, trust_of, trusted
from engine.runtime import keys
from engine.runtime.keys import KeyFile, KeyFileError
from schemas.signing import key_id, parse_public, public_text

NEVER = "not_before = 2026-01-02T00:00:00Z\nnot_after = 2026-01-01T00:00:00Z"
PUBLIC = public_text(bytes(range(32)))


class Shell(NamedTuple):
    """Commands of `reflexarc keys` on a machine whose state is in a folder, and what they print."""

    config: Config
    printed: pytest.CaptureFixture[str]

    def keys(self, *words: str) -> str:
        args = parser().parse_args(["keys", *words])
        asyncio.run(getattr(cli_keys, args.function)(args, self.config))
        return self.printed.readouterr().out


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(Config(state_dir=tmp_path / "state"), capsys)


def test_a_key_is_made_and_what_is_shown_of_it_can_be_pasted(shell: Shell, tmp_path: Path) -> None:
    """The file is its owner's alone, the table that is printed is a valid allow list, and no secret is printed."""
    file = tmp_path / "engine.key"
    made = shell.keys("create", str(file), "--name", "engine a")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().splitlines()[1] not in made
    table = made.rpartition("\n\n")[2]
    config = load(_written(tmp_path, table), {}, {})
    (listed,) = trusted(trust_of(config)).items()
    assert (listed[0], listed[1].name, listed[1].verbs) == (keys.load(file).id, "engine a", ("*",))
    assert table in shell.keys("show", str(file), "--name", "engine a")


def test_a_key_is_never_overwritten(shell: Shell, tmp_path: Path) -> None:
    """Who makes a second one over the first is told so, and the first is as it was."""
    file = tmp_path / "engine.key"
    shell.keys("create", str(file))
    before = file.read_bytes()
    with pytest.raises(CommandFailedError, match=r"engine.key: File exists"):
        shell.keys("create", str(file))
    assert file.read_bytes() == before


def test_rotation_and_what_is_trusted_are_for_people_to_see(shell: Shell) -> None:
    """The old key ends when it was said to; the new one is listed beside it."""
    assert shell.keys("list") == "nobody is trusted: every command is refused\n"
    config = shell.config
    first = own_key.ensure(config)
    rotated = shell.keys("rotate", "--keep", "0s")
    second = keys.load(config.signing_key_file)
    assert rotated.endswith(f"now the key {second.id}; {first.id} is trusted for another 0s\n")
    assert config.signing_key_file.stat().st_mode & 0o777 == 0o600
    lines = shell.keys("list")
    assert re.search(rf"{first.id} +no longer valid +\* +\* +\*\n", lines)
    assert re.search(rf"{second.id} +valid +\* +\* +\*\n", lines)
    with pytest.raises(ConfigError, match='--keep: expected a duration such as 5m, got "soon"'):
        shell.keys("rotate", "--keep", "soon")


def test_a_key_that_was_being_replaced_when_all_ended_is_still_trusted(tmp_path: Path) -> None:
    """Between the two files of a rotation the key in use has no end, and a start puts right what is missing."""
    config = Config(state_dir=tmp_path)
    key = own_key.ensure(config)
    ending = datetime.now(UTC) + timedelta(minutes=1)
    config.own_trust_file.write_text(f'[a]\nkey = "{public_text(key.public)}"\nnot_after = {ending.isoformat()}\n')
    own_key.ensure(config)
    assert [each.not_after_ms for each in trusted(own(config.own_trust_file)).values()] == [None]
    config.own_trust_file.unlink()
    own_key.ensure(config)
    assert list(trusted(own(config.own_trust_file))) == [key.id]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_not_used(tmp_path: Path, mode: int) -> None:
    """It may be known to somebody already."""
    file = tmp_path / "engine.key"
    keys.create(file, keys.generate())
    file.chmod(mode)
    with pytest.raises(KeyFileError, match=rf"mode 0{mode:o}, expected 0600"):
        keys.load(file)


@pytest.mark.parametrize(
    "content",
    [b"", b"secret", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\xff" * 20_000],
    ids=["empty", "no key", "no key in PEM", "vast"],
)
def test_what_is_no_key_is_refused_without_being_quoted(tmp_path: Path, content: bytes) -> None:
    """The message says what was expected, and nothing of what is in the file."""
    file = tmp_path / "engine.key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(KeyFileError, match="expected an Ed25519 private key in PEM") as refused:
        keys.load(file)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_key_shows_nothing_of_its_private_half() -> None:
    """Neither its text nor its attributes' do."""
    key = keys.generate()
    shown = repr(key) + str(key) + repr(vars(key))
    assert key.pem().splitlines()[1].decode() not in shown
    assert key.id == key_id(parse_public(public_text(key.public)))


def test_a_worse_key_does_not_take_the_place_of_a_good_one(tmp_path: Path) -> None:
    """While it runs, an engine goes on with the key that it has until there is another that can be used."""
    file = tmp_path / "engine.key"
    keys.create(file, keys.generate())
    used = KeyFile(file)
    first = used.current().id
    file.write_text("half a key")
    assert used.current().id == first
    file.unlink()
    assert used.current().id == first
    keys.create(file, other := keys.generate())
    assert used.current().id == other.id


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[actuator.trust.a]\nkey = "rsa:AAAA"', "actuator.trust.a.key: expected a public key such as ed25519:"),
        ("[actuator.trust.a]\nverbs = []", "actuator.trust.a.verbs: "),
        (f'[actuator.trust.a]\nkey = "{PUBLIC}"\nverb = ["x"]', "actuator.trust.a.verb: there is no such setting"),
        (f'[actuator.trust.a]\nkey = "{PUBLIC}"\nnot_after = 2026-01-01', "actuator.trust.a.not_after: "),
        (
            f'[actuator.trust.a]\nkey = "{PUBLIC}"\n{NEVER}',
            "actuator.trust.a: not_after: expected a time after not_before",
        ),
        (
            f'[actuator.trust.a]\nkey = "{PUBLIC}"\n[actuator.trust.b]\nkey = "{PUBLIC}"',
            "actuator.trust: a and b have the same key",
        ),
    ],
)
def test_a_mistake_in_the_allow_list_is_named(tmp_path: Path, text: str, mistake: str) -> None:
    """With its place and what was expected."""
    with pytest.raises(ConfigError) as refused:
        load(_written(tmp_path, text), {}, {})
    assert mistake in str(refused.value)


def test_an_allow_list_of_ones_own_takes_the_place_of_the_machines(tmp_path: Path) -> None:
    """Where engines are named, this machine's own is trusted only if it is among them; an edit counts at once."""
    text = f'state_dir = "{tmp_path}"\n'
    file = _written(tmp_path, text)
    own_key.ensure(config := load(file, {}, {}))
    live = LiveTrust([file, config.own_trust_file], lambda: trust_of(load(file, {}, {})))
    assert list(live()) == [keys.load(config.signing_key_file).id]
    file.write_text(f'{text}[actuator.trust.a]\nkey = "{PUBLIC}"\ntargets = ["workload:*"]\n')
    assert [(each.name, each.targets) for each in live().values()] == [("a", ("workload:*",))]


def test_a_configured_key_must_be_there(tmp_path: Path) -> None:
    """It is not made in place of one that was not found."""
    config = load(_written(tmp_path, f'[engine]\nsigning_key = "{tmp_path}/absent.key"'), {}, {})
    with pytest.raises(ConfigError, match=r"engine.signing_key: .*absent.key: No such file"):
        own_key.ensure(config)


def _written(folder: Path, text: str) -> Path:
    file = folder / "reflexarc.toml"
    file.write_text(text)
    return file
