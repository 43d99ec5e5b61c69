"""What an analyzer is told; `engine.cli.config_events` reads it from the configuration."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`similarity` is the share of its words that a message must have in common with a template to be one of it;
    `depth` how many levels the tree has by which a template is found, the number of words and the first of them."""

    similarity: float = 0.4
    depth: int = 4
    max_templates: int = 1_000
    learned_events: int = 1_000
    """Of the first so many events of a source, none is new;"""
    learned_ms: int = 0
    """nor of those of so much time, in windows in which the source said anything."""
    max_new: int = 20
    """So many new templates are told of in a window."""
    window_ms: int = 60_000
    rate_factor: float = 5.0
    rate_deviations: float = 3.0
    rate_min_count: int = 20
    rate_after: int = 10
    """Windows that a template must have been known for."""
