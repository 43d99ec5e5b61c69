"""`reflexarc engine`: evaluate and decide, against a bus that is there already."""

import argparse

from engine.api import Address, ListenError
from engine.cli import logging, own_key
from engine.cli.config import Config
from engine.cli.connect import connected
from engine.cli.failure import CommandFailedError
from engine.core.program import Settings
from engine.runtime import streams
from engine.runtime.engine_host import EngineConfig, EngineHost


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run until stopped. Raises `CommandFailedError` where it cannot listen."""
    logging.configure_role()
    section = config.engine
    state_dir = config.state_dir / "engine"
    state_dir.mkdir(parents=True, exist_ok=True)
    own_key.ensure(config)
    host = EngineConfig(
        name=f"engine@{config.node}",
        node=config.node,
        rules=section.rules,
        state_dir=state_dir,
        signing_key=config.signing_key_file,
        listen=Address(*section.listen) if section.listen else None,
        settings=Settings(
            evaluation_interval_ms=section.evaluation_interval,
            command_ttl_ms=section.command_ttl,
            lease_ms=section.lease,
            approval_ttl_ms=section.approval_ttl,
            external_labels=section.external_labels,
            environment=section.environment,
            external_url=section.external_url,
            pinned=tuple(section.pinned),
            retention_ms=section.retention,
            max_series=section.max_series,
            max_samples=section.max_samples,
            max_query_samples=section.max_query_samples,
            max_skew_ms=section.max_skew,
            event_lateness_ms=section.event_lateness,
            max_event_alerts=section.max_event_alerts,
            max_event_groups=section.max_event_groups,
            max_event_series=section.max_event_series,
        ),
        tick_s=section.tick / 1000,
        snapshot_every_s=section.snapshot_every / 1000,
        replay_s=section.replay / 1000,
        snapshots_kept=section.snapshots_kept,
        metrics_every_s=config.metrics_interval / 1000,
    )
    async with connected(config, "engine") as bus:
        await streams.ensure(bus, replicas=config.nats.replicas)
        try:
            await EngineHost(bus, host).run()
        except ListenError as error:
            raise CommandFailedError(f"engine.listen: {error}") from error
