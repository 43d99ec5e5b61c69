"""From what discovery found to what is scraped: defaults, relabelling, the URL. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from collectors.prometheus.config import DEFAULT_TIMEOUT_MS, GlobalConfig, ScrapeConfig, TargetGroup
from collectors.prometheus.relabel import relabel
from schemas.durations import duration_ms
from schemas.labels import Labels, canonical
from schemas.wording import shown

_PARAM = "__param_"


@dataclass(frozen=True, slots=True)
class Timing:
    interval_ms: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint, and the labels that all of its series bear."""

    labels: Labels
    url: str
    timing: Timing


def timing_of(job: ScrapeConfig, defaults: GlobalConfig, interval_ms: int) -> Timing:
    """The job's own timing, else that of `global`, else `interval_ms`, with a timeout that fits into the interval."""
    interval_ms = job.scrape_interval_ms or defaults.scrape_interval_ms or interval_ms
    timeout_ms = job.scrape_timeout_ms or min(defaults.scrape_timeout_ms or DEFAULT_TIMEOUT_MS, interval_ms)
    return Timing(interval_ms, timeout_ms)


def discovered_labels(groups: Sequence[TargetGroup]) -> Iterator[dict[str, str]]:
    """Every address of the groups with its group's labels."""
    for group in groups:
        for address in group.targets:
            yield {**group.labels, "__address__": address}


def target_of(discovered: Mapping[str, str], job: ScrapeConfig, timing: Timing) -> Target | None:
    """The target that `discovered` labels become, or None if relabelling drops it.

    Raises ValueError for what cannot be scraped.
    """
    labels = _defaults(job, timing) | {name: value for name, value in discovered.items() if value}
    if not relabel(labels, job.relabel_configs):
        return None
    address = labels.get("__address__", "")
    if not address or "/" in address:
        raise ValueError(f"__address__: expected host:port, got {shown(address)}")
    public = {name: value for name, value in labels.items() if not name.startswith("__")}
    return Target(canonical({"instance": address, **public}), _url(labels, job), _timing(labels))


def _defaults(job: ScrapeConfig, timing: Timing) -> dict[str, str]:
    return {
        "job": job.job_name,
        "__scheme__": job.scheme,
        "__metrics_path__": job.metrics_path,
        "__scrape_interval__": f"{timing.interval_ms}ms",
        "__scrape_timeout__": f"{timing.timeout_ms}ms",
        **{_PARAM + name: values[0] for name, values in job.params.items() if values},
    }


def _url(labels: Mapping[str, str], job: ScrapeConfig) -> str:
    scheme = labels.get("__scheme__", "")
    if scheme not in ("http", "https"):
        raise ValueError(f"__scheme__: expected http or https, got {shown(scheme)}")
    path = "/" + quote(labels.get("__metrics_path__", ""), safe="/%:@!$&'()*+,;=~").removeprefix("/")
    params = {name: list(values) for name, values in job.params.items()}
    for name, value in labels.items():
        if name.startswith(_PARAM):
            bare = name.removeprefix(_PARAM)
            params[bare] = [value, *params.get(bare, ())[1:]]
    query = urlencode(sorted(params.items()), doseq=True)
    return f"{scheme}://{labels['__address__']}{path}" + (f"?{query}" if query else "")


def _timing(labels: Mapping[str, str]) -> Timing:
    interval_ms = duration_ms(labels.get("__scrape_interval__", ""))
    timeout_ms = duration_ms(labels.get("__scrape_timeout__", ""))
    if not 0 < timeout_ms <= interval_ms:
        raise ValueError(f"expected a timeout of at most the interval ({interval_ms} ms), got {timeout_ms} ms")
    return Timing(interval_ms, timeout_ms)
