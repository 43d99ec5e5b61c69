"""What to scrape: Prometheus' `global` and `scrape_configs`, under its names and with its defaults.

Only the shape of the configuration is here, and what of Prometheus' we refuse by name. `scrape_config_files` are read
as Prometheus reads them, so that the files that are in use can stay where they are; a whole `prometheus.yml` does as
well, with the timing that its `global` gives.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from collectors.prometheus.fields import DurationMs, SizeBytes, refuse
from collectors.prometheus.files import matching, read_yaml
from collectors.prometheus.http_config import HttpConfig
from collectors.prometheus.relabel import RelabelConfig
from schemas.durations import duration_ms
from schemas.plugins import PluginConfig

DEFAULT_TIMEOUT_MS = 10_000
DEFAULT_BODY_SIZE_LIMIT_BYTES = 256 * 1024 * 1024
"""Prometheus knows no limit here; an agent that shares its machine with others needs one."""

Scheme = Literal["http", "https"]
Protocol = Literal["OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4"]
Limit = Annotated[int, Field(ge=0)]
"""0: no limit."""

_UNSUPPORTED_SCRAPE = {
    "always_scrape_classic_histograms", "convert_classic_histograms_to_nhcb", "extra_scrape_metrics",
    "keep_dropped_targets", "metric_name_escaping_scheme", "metric_name_validation_scheme",
    "native_histogram_bucket_limit", "native_histogram_min_bucket_factor", "scrape_classic_histograms",
    "scrape_failure_log_file", "scrape_native_histograms", "track_timestamps_staleness",
    *(f"{name}_sd_configs" for name in (
        "aws", "azure", "consul", "digitalocean", "dns", "docker", "dockerswarm", "ec2", "eureka", "gce", "hetzner",
        "ionos", "kubernetes", "kuma", "lightsail", "linode", "marathon", "nerve", "nomad", "openstack", "ovhcloud",
        "puppetdb", "scaleway", "serverset", "stackit", "triton", "uyuni", "vultr",
    )),
}  # fmt: skip


class TargetGroup(PluginConfig):
    """Addresses that share labels, as files and HTTP discovery list them too."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    targets: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}


def _discoverable(files: tuple[str, ...]) -> tuple[str, ...]:
    for file in files:
        if not file.endswith((".json", ".yml", ".yaml")):
            raise ValueError(f"expected a name that ends in .json, .yml or .yaml, got {file}")
    return files


class FileDiscovery(PluginConfig):
    """Files, possibly with wildcards. They are looked at every second, whatever `refresh_interval` says: the files
    are local, and Prometheus too follows a change at once."""

    files: Annotated[tuple[str, ...], AfterValidator(_discoverable)] = Field(min_length=1)
    refresh_interval_ms: DurationMs = Field(default=300_000, alias="refresh_interval")


class HttpDiscovery(HttpConfig):
    url: str = Field(pattern="^https?://.")
    refresh_interval_ms: DurationMs = Field(default=60_000, alias="refresh_interval")


class ScrapeConfig(HttpConfig):
    """One job."""

    job_name: str = Field(min_length=1)
    scrape_interval_ms: DurationMs | None = Field(default=None, alias="scrape_interval")
    scrape_timeout_ms: DurationMs | None = Field(default=None, alias="scrape_timeout")
    metrics_path: str = "/metrics"
    scheme: Scheme = "http"
    params: Mapping[str, tuple[str, ...]] = {}
    honor_labels: bool = False
    honor_timestamps: bool = True
    enable_compression: bool = True
    scrape_protocols: tuple[Protocol, ...] = Field(
        default=("OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4"),
        min_length=1,
    )
    fallback_scrape_protocol: Protocol | None = None
    body_size_limit_bytes: SizeBytes = Field(default=DEFAULT_BODY_SIZE_LIMIT_BYTES, alias="body_size_limit")
    sample_limit: Limit = 0
    target_limit: Limit = 0
    label_limit: Limit = 0
    label_name_length_limit: Limit = 0
    label_value_length_limit: Limit = 0
    static_configs: tuple[TargetGroup, ...] = ()
    file_sd_configs: tuple[FileDiscovery, ...] = ()
    http_sd_configs: tuple[HttpDiscovery, ...] = ()
    relabel_configs: tuple[RelabelConfig, ...] = ()
    metric_relabel_configs: tuple[RelabelConfig, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _supported_scrape(cls, data: Any) -> Any:
        return refuse(data, _UNSUPPORTED_SCRAPE)

    @model_validator(mode="after")
    def _timeout_fits(self) -> Self:
        if self.scrape_interval_ms and (self.scrape_timeout_ms or 0) > self.scrape_interval_ms:
            raise ValueError("scrape_timeout is longer than scrape_interval")
        return self


class GlobalConfig(PluginConfig):
    """Without `scrape_interval` the agent's own interval holds."""

    scrape_interval_ms: DurationMs | None = Field(default=None, alias="scrape_interval")
    scrape_timeout_ms: DurationMs | None = Field(default=None, alias="scrape_timeout")


class PrometheusConfig(PluginConfig):
    """Of `scrape_config_files` the `scrape_configs` are read, and the timing of the file's own `global`: they can be
    Prometheus' own configuration.
    """

    defaults: GlobalConfig = Field(default=GlobalConfig(), alias="global")
    scrape_config_files: tuple[str, ...] = ()
    scrape_configs: tuple[ScrapeConfig, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _with_files(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("scrape_config_files"), list):
            return data
        found = [job for pattern in data["scrape_config_files"] for job in _jobs_of(str(pattern))]
        return {**data, "scrape_configs": [*data.get("scrape_configs", ()), *found]}

    @model_validator(mode="after")
    def _jobs_differ(self) -> Self:
        names = [job.job_name for job in self.scrape_configs]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"job_name stands more than once: {', '.join(repeated)}")
        return self


def _jobs_of(pattern: str) -> list[Any]:
    """The `scrape_configs` of the files that match; a name without wildcards must exist."""
    jobs: list[Any] = []
    for file in matching(pattern) if "*" in pattern else [Path(pattern)]:
        content = read_yaml(file)
        if not isinstance(content, dict) or not isinstance(content.get("scrape_configs"), list):
            raise ValueError(f"{file}: expected a list scrape_configs")
        jobs += [_timed(job, content.get("global")) for job in content["scrape_configs"]]
    return jobs


def _timed(job: Any, general: Any) -> Any:
    """A job with the timing that `global` of its own file gives it. A timeout from there is cut to the interval."""
    if not isinstance(job, dict) or not isinstance(general, dict):
        return job
    timed = {name: general[name] for name in ("scrape_interval", "scrape_timeout") if name in general} | job
    cut = "scrape_timeout" not in job and _longer(timed.get("scrape_timeout"), timed.get("scrape_interval"))
    return timed | {"scrape_timeout": timed["scrape_interval"]} if cut else timed


def _longer(left: Any, right: Any) -> bool:
    """Of two durations; False where one is none: what it belongs to is checked later."""
    try:
        return duration_ms(left) > duration_ms(right)
    except (TypeError, ValueError):
        return False
