"""The files that both sides read: what to scrape, the rules, and each side's own settings around them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

Groups = Iterable[Mapping[str, Any]]


def instance(target: int) -> str:
    """The label by which the series of a target are told from those of another."""
    return f"node-{target:02}"


def target(labels: Mapping[str, str]) -> int:
    """Which target these labels are of."""
    return int(labels["instance"].removeprefix("node-"))


def write_scrapes(folder: Path, port: int, targets: int, interval_s: float) -> None:
    """`targets` pages of the exporter on `port`."""
    groups = [
        {
            "targets": [f"127.0.0.1:{port}"],
            "labels": {"instance": instance(number), "__metrics_path__": f"/metrics/{number}"},
        }
        for number in range(targets)
    ]
    job = {"job_name": "bench", "scrape_interval": f"{interval_s:g}s", "static_configs": groups}
    _write(folder / "scrape.yaml", {"scrape_configs": [job] if targets else []})


def write_rules(folder: Path, groups: Groups) -> None:
    _write(folder / "rules.yaml", {"groups": list(groups)})


def write_ours(folder: Path, node: str, *, remote_write: bool = False) -> Path:
    """Our settings are the defaults; with `remote_write` the agent receives it, on a free port. Returns the file."""
    file = folder / "reflexarc.toml"
    text = f'node = "{node}"\n'
    text += '[engine]\nrules = ["{config_dir}/rules.yaml"]\n'
    text += '[agent.collectors.prometheus]\nscrape_config_files = ["{config_dir}/scrape.yaml"]\n'
    if remote_write:
        text += '[agent.collectors.remote_write]\nlisten = "127.0.0.1:0"\n'
    file.write_text(text)
    return file


def write_prometheus(folder: Path, interval_s: float, alertmanager: str = "") -> Path:
    """Prometheus' settings are the defaults too. `alertmanager`: host and port of who is told. Returns the file."""
    file = folder / "prometheus.yml"
    settings: dict[str, Any] = {
        "global": {"evaluation_interval": f"{interval_s:g}s"},
        "scrape_config_files": ["scrape.yaml"],
        "rule_files": ["rules.yaml"],
    }
    if alertmanager:
        settings["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    _write(file, settings)
    return file


def _write(file: Path, content: Any) -> None:
    file.write_text(yaml.safe_dump(content, sort_keys=False))
