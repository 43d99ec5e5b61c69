"""Where the deployment files are."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "deploy" / "container"
NATS = ROOT / "deploy" / "nats"
SYSTEMD = ROOT / "deploy" / "systemd"
