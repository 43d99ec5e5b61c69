"""Which format is asked for and which has come. Protobuf is never asked for."""

from collectors.prometheus.config import Protocol, ScrapeConfig
from collectors.prometheus.exposition import OPENMETRICS, TEXT, Grammar
from collectors.prometheus.failure import ScrapeFailed
from schemas.wording import shown

_MEDIA_TYPES: dict[Protocol, str] = {
    "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
    "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
    "PrometheusText1.0.0": "text/plain;version=1.0.0;escaping=allow-utf-8",
    "PrometheusText0.0.4": "text/plain;version=0.0.4",
}
_FIRST_WEIGHT = 6
"""Tenths; from here downwards, as Prometheus counts."""


def request_headers(job: ScrapeConfig, timeout_ms: int) -> dict[str, str]:
    """What a scrape says of itself."""
    accepted = [*(_MEDIA_TYPES[protocol] for protocol in job.scrape_protocols), "*/*"]
    return {
        "Accept": ",".join(f"{media};q=0.{_FIRST_WEIGHT - at}" for at, media in enumerate(accepted)),
        "Accept-Encoding": "gzip" if job.enable_compression else "identity",
        "User-Agent": "reflexarc",
        "X-Prometheus-Scrape-Timeout-Seconds": f"{timeout_ms / 1000:g}",
    }


def grammar_of(content_type: str, fallback: Protocol | None) -> Grammar:
    """The format of an answer. Raises `ScrapeFailed` where neither it nor the configuration says."""
    match content_type.partition(";")[0].strip().lower():
        case "application/openmetrics-text":
            return OPENMETRICS
        case "text/plain":
            return TEXT
    if fallback is None:
        raise ScrapeFailed(
            f"Content-Type {shown(content_type)} is not supported; is a fallback_scrape_protocol missing?"
        )
    return OPENMETRICS if fallback.startswith("OpenMetrics") else TEXT
