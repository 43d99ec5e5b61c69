"""Prometheus' HTTP API over the engine's state, for whatever speaks it: dashboards, `promtool query`, scripts.

Reading only: nothing here changes the state, and nothing that is decided depends on it. NATS is not known here.
"""

from engine.api.app import application
from engine.api.body import failure
from engine.api.desk import Desk
from engine.api.errors import ApiError
from engine.api.queries import instant_text
from engine.api.server import Address, ListenError, listen, serve, url_of
from engine.api.source import Source

__all__ = [
    "Address",
    "ApiError",
    "Desk",
    "ListenError",
    "Source",
    "application",
    "failure",
    "instant_text",
    "listen",
    "serve",
    "url_of",
]
