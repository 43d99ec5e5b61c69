"""The configuration's layers and its mistakes."""

from pathlib import Path

import pytest

from engine.cli.config import ConfigError, load, plugin_configs
from engine.cli.main import parser
from engine.runtime.registry import actuators, collectors


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_later_layers_win_over_earlier_ones(tmp_path: Path) -> None:
    """Command line over variables over the environment file over the file over the defaults."""
    file = write(tmp_path, "reflexarc.toml", 'node = "file"\n[engine]\ntick = "2s"\nlease = "2s"\ncommand_ttl = "2s"\n')
    write(tmp_path, "production.toml", '[engine]\nlease = "3s"\ncommand_ttl = "3s"\n')
    env = {"REFLEXARC_ENV": "production", "REFLEXARC_ENGINE__COMMAND_TTL": "4s", "REFLEXARC_NODE": "variable"}
    config = load(file, env, {"node": "command-line"})
    engine = config.engine
    assert (config.node, engine.tick, engine.lease, engine.command_ttl) == ("command-line", 2000, 3000, 4000)
    assert engine.evaluation_interval == 15_000


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    """Whoever corrects the file corrects it once."""
    file = write(tmp_path, "reflexarc.toml", 'nodes = "x"\n[engine]\ntick = "soon"\n[nats]\nport = 70000\n')
    with pytest.raises(ConfigError) as refused:
        load(file, {}, {})
    lines = str(refused.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{file}: ") for line in lines)
    assert {line.split(": ")[1] for line in lines} == {"nodes", "engine.tick", "nats.port"}


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    """A name that was given and leads nowhere is a mistake, never a default."""
    with pytest.raises(ConfigError, match=r"absent\.toml: No such file"):
        load(tmp_path / "absent.toml", {}, {})
    file = write(tmp_path, "reflexarc.toml", "")
    with pytest.raises(ConfigError, match=r"staging\.toml: No such file"):
        load(file, {"REFLEXARC_ENV": "staging"}, {})


def test_places_are_filled_in(tmp_path: Path) -> None:
    """`{state_dir}` and `{config_dir}` stand for their places, in whatever depth."""
    file = write(
        tmp_path, "r.toml", '[engine]\nrules = ["{config_dir}/r"]\n[agent.collectors.log]\nx = "{state_dir}/y"\n'
    )
    config = load(file, {}, {"state_dir": tmp_path / "state"})
    assert config.engine.rules == [tmp_path / "r"]
    assert config.agent.collectors["log"] == {"x": f"{tmp_path / 'state'}/y"}


def test_an_address_to_listen_on_is_host_and_port(tmp_path: Path) -> None:
    """Nothing, as the default, is nowhere; anything else is a mistake that shows what was expected."""
    for text, address in (("127.0.0.1:9099", ("127.0.0.1", 9099)), ("[::1]:0", ("::1", 0)), ("", None)):
        assert load(None, {"REFLEXARC_ENGINE__LISTEN": text}, {}).engine.listen == address
    for text in ("9099", ":9099", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000"):
        with pytest.raises(ConfigError, match=f'engine.listen: .*such as 127.0.0.1:9099, got "{text}"'):
            load(write(tmp_path, "r.toml", f'[engine]\nlisten = "{text}"\n'), {}, {})


def test_what_is_redacted_can_be_chosen(tmp_path: Path) -> None:
    """Shipped patterns are left out or taken in by name, others are added; it can be turned off."""
    file = write(
        tmp_path,
        "r.toml",
        """[agent.redact]
without = ["url", "password"]
also = ["email"]
patterns = [{ name = "badge", pattern = 'badge (\\d+)' }]
""",
    )
    redactor = load(file, {}, {}).agent.redact.redactor()
    assert redactor
    assert {"email", "badge", "token", "field"} <= redactor.counts.keys()
    assert not {"url", "password", "iban"} & redactor.counts.keys()
    assert load(file, {"REFLEXARC_AGENT__REDACT__ENABLED": "false"}, {}).agent.redact.redactor() is None


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('without = ["passwort"]', 'agent.redact.without.0: expected one of private_key, .*, got "passwort"'),
        ("patterns = [{ name = 'a', pattern = '(' }]", r"agent.redact.patterns.0: regular expression '\('"),
        ("patterns = [{ name = 'a', pattern = 'a*' }]", "agent.redact.patterns.0: .* does not match an empty text"),
        ("patterns = [{ name = 'url', pattern = 'a' }]", 'agent.redact.patterns.0: name: "url" is shipped'),
        ("patterns = [{ name = 'a', pattern = 'a', check = 'crc' }]", "agent.redact.patterns.0.check: "),
    ],
)
def test_a_pattern_that_cannot_be_used_is_a_mistake_with_its_place(tmp_path: Path, text: str, mistake: str) -> None:
    """An agent does not start without what it was told to take out."""
    with pytest.raises(ConfigError, match=mistake):
        load(write(tmp_path, "r.toml", f"[agent.redact]\n{text}\n"), {}, {})


def test_plugins_are_checked_by_their_own_model() -> None:
    """An unknown plugin and an unknown setting are both named."""
    with pytest.raises(ConfigError) as refused:
        plugin_configs("actuator.plugins", {"proces": {}, "process": {"workload": "w.yaml"}}, actuators())
    assert f"actuator.plugins.proces: no such plugin, expected one of {', '.join(actuators())}" in str(refused.value)
    assert "actuator.plugins.process: workloads:" in str(refused.value)
    assert "actuator.plugins.process: workload: there is no such setting" in str(refused.value)


def test_a_mistake_is_said_in_our_words_and_without_a_place_that_is_none() -> None:
    """Whoever wrote the file knows nothing of the library that checks it."""
    with pytest.raises(ConfigError) as refused:
        plugin_configs("agent.collectors", {"prometheus": {"scrape_config_files": ["/nowhere.yml"]}}, collectors())
    assert str(refused.value) == "agent.collectors.prometheus: /nowhere.yml: No such file or directory"


@pytest.mark.parametrize(
    ("words", "handler"),
    [
        ("up", "up:up"),
        ("demo --json", "demo:demo"),
        ("rules check rules", "rules:check"),
        ("alerts --watch", "look:alerts"),
        ("why 3f", "why:why"),
        ("halt --target workload:shop", "steer:halt"),
        ("deploy shop version=v2", "act:act"),
        ("doctor", "doctor:doctor"),
    ],
)
def test_every_command_has_a_handler(words: str, handler: str) -> None:
    """The parser names who carries a command out."""
    args = parser().parse_args(words.split())
    assert f"{args.module}:{args.function}" == handler
