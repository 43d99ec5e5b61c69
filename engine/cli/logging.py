"""How a process logs, on standard error: JSON lines where a machine reads them, colours where a person does."""

import logging
import sys

import structlog


def configure(level: int = logging.WARNING) -> None:
    """Log what is at least `level`. A role tells what it does; other commands speak only of trouble."""
    for_people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )


def configure_role() -> None:
    """As a role logs: what it does, too."""
    configure(logging.INFO)
