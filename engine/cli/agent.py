"""`reflexarc agent`: the collectors of this node, against a bus that is there already."""

import argparse

from engine.cli import logging
from engine.cli.config import Config, plugin_configs
from engine.cli.connect import connected
from engine.runtime.agent_host import AgentConfig, AgentHost
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
    )
    async with connected(config, "agent") as bus:
        await AgentHost(bus, host, specs).run()
