"""`reflexarc agent`: the collectors of this node, against a bus that is there already."""

import argparse

from engine.cli import logging
from engine.cli.config import Config, ConfigError, plugin_configs
from engine.cli.connect import connected
from engine.runtime.agent_host import AgentConfig, AgentHost, Analyses
from engine.runtime.registry import collectors


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run until stopped."""
    logging.configure_role()
    given = config.agent.collectors
    specs = collectors(frozenset(given))
    if specs.keys() != given.keys():
        specs = collectors()  # so that the error can name those there are
    host = AgentConfig(
        node=config.node,
        state_dir=config.state_dir / "agent",
        collectors=plugin_configs("agent.collectors", given, specs),
        interval_s=config.agent.interval / 1000,
        metrics_every_s=config.metrics_interval / 1000,
        redactor=config.agent.redact.redactor(),
        analyses=analyses(config),
    )
    async with connected(config, "agent") as bus:
        await AgentHost(bus, host, specs).run()


def analyses(config: Config) -> Analyses | None:
    """The log analyzers; None where nothing is to be analyzed. Raises `ConfigError` where what they need is missing."""
    section = config.agent.analysis
    if not section.enabled:
        return None
    try:
        from engine.runtime import analysing  # noqa: PLC0415 - an agent is installed without what it needs
    except ModuleNotFoundError as error:
        raise ConfigError(f"agent.analysis: expected reflexarc[analyze] to be installed: {error}") from error
    analysis = analysing.AnalysisConfig(
        settings=section.settings(),
        sources=section.sources,
        max_sources=section.max_sources,
        save_every_s=section.save_every / 1000,
    )
    return analysing.Analyses(analysis, config.state_dir / "agent" / "analysis")
