"""`reflexarc actuator`: carry out commands on this node, against a bus that is there already."""

import argparse
import os

from engine.cli import logging
from engine.cli.config import Config, load, plugin_configs, sources
from engine.cli.connect import connected
from engine.cli.trusting import LiveTrust, Sections, trust_of
from engine.runtime.actuator_host import ActuatorConfig, ActuatorHost
from engine.runtime.registry import actuators, resolvers


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run until stopped."""
    logging.configure_role()
    specs = actuators()

    def read() -> Sections:
        return trust_of(load(args.config, os.environ, {"state_dir": config.state_dir}))

    host = ActuatorConfig(
        scope=config.node,
        state_dir=config.state_dir / "actuator",
        plugins=plugin_configs("actuator.plugins", config.actuator.plugins, specs),
        trust=LiveTrust([*sources(args.config, os.environ), config.own_trust_file], read),
        resolvers=resolvers(),
        metrics_every_s=config.metrics_interval / 1000,
    )
    async with connected(config, "actuator") as bus:
        await ActuatorHost(bus, host, specs).run()
