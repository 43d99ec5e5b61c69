"""From what discovery found to what is scraped, and from what is exposed to what is kept."""

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from collectors.prometheus import SPEC
from collectors.prometheus.config import GlobalConfig, PrometheusConfig, ScrapeConfig
from collectors.prometheus.failure import ScrapeFailed
from collectors.prometheus.job import sources
from collectors.prometheus.negotiation import grammar_of, request_headers
from collectors.prometheus.scrape import offset_s
from collectors.prometheus.series import SeriesNames
from collectors.prometheus.targets import Target, Timing, target_of, timing_of
from schemas.labels import MOST_LABEL_BYTES, text

TIMING = Timing(15_000, 10_000)


def job(**fields: Any) -> ScrapeConfig:
    return ScrapeConfig.model_validate({"job_name": "shop", **fields})


def target(discovered: dict[str, str], **fields: Any) -> Target | None:
    return target_of(discovered, job(**fields), TIMING)


def test_a_plain_target() -> None:
    """`job` from the configuration, `instance` from the address, everything else by default."""
    assert target({"__address__": "a:1"}) == Target(
        (("instance", "a:1"), ("job", "shop")), "http://a:1/metrics", TIMING
    )


def test_relabelling_decides_on_everything() -> None:
    """Address, scheme, path, parameters, timing and labels are labels until the end; then `__` ones are gone."""
    rules = [
        {"source_labels": ["__address__"], "target_label": "__param_target"},
        {"source_labels": ["__param_target"], "target_label": "instance"},
        {"target_label": "__address__", "replacement": "prober:9115"},
        {"target_label": "__scheme__", "replacement": "https"},
        {"target_label": "__metrics_path__", "replacement": "probe"},
        {"target_label": "__scrape_interval__", "replacement": "1m"},
        {"source_labels": ["__meta_zone"], "target_label": "zone"},
    ]
    found = target(
        {"__address__": "a b", "__meta_zone": "z1", "env": "prod", "job": "probe"},
        params={"module": ["http", "tcp"]},
        relabel_configs=rules,
    )
    assert found is not None
    assert found.url == "https://prober:9115/probe?module=http&module=tcp&target=a+b"
    assert dict(found.labels) == {"instance": "a b", "zone": "z1", "env": "prod", "job": "probe"}
    assert found.timing == Timing(60_000, 10_000)


def test_a_dropped_target_is_none() -> None:
    """Relabelling may refuse a target without a complaint."""
    assert target({"__address__": "a:1"}, relabel_configs=[{"action": "drop", "regex": ""}]) is None


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ({"__address__": ""}, "__address__: expected host:port, got nothing|got \"\""),
        ({"__address__": "a/b"}, "__address__: expected host:port"),
        ({"__address__": "a", "__scheme__": "ftp"}, "__scheme__: expected http or https"),
        ({"__address__": "a", "__scrape_timeout__": "1h"}, "expected a timeout of at most the interval"),
        ({"__address__": "a", "__scrape_interval__": "soon"}, "expected a duration"),
    ],
)  # fmt: skip
def test_what_cannot_be_scraped_is_named(labels: dict[str, str], why: str) -> None:
    """A target that makes no sense is refused with its reason."""
    with pytest.raises(ValueError, match=why):
        target(labels)


def test_the_nearest_timing_holds() -> None:
    """The job's, else the global, else the agent's; a timeout that is not given fits into the interval."""
    defaults = GlobalConfig.model_validate({"scrape_interval": "20s", "scrape_timeout": "15s"})
    assert timing_of(job(), GlobalConfig(), 5_000) == Timing(5_000, 5_000)
    assert timing_of(job(), GlobalConfig(), 60_000) == Timing(60_000, 10_000)
    assert timing_of(job(), defaults, 5_000) == Timing(20_000, 15_000)
    assert timing_of(job(scrape_interval="1s"), defaults, 5_000) == Timing(1_000, 1_000)
    assert timing_of(job(scrape_interval="2s", scrape_timeout="1s"), defaults, 5_000) == Timing(2_000, 1_000)


def test_targets_are_spread_over_the_interval() -> None:
    """A target keeps its place in the interval, and a hundred of them do not come at once."""
    targets = [target({"__address__": f"a:{port}"}) for port in range(100)]
    offsets = [offset_s(found) for found in targets if found]
    assert offsets == [offset_s(found) for found in targets if found]
    assert all(0 <= offset < 15 for offset in offsets)
    assert len({int(offset) for offset in offsets}) == 15


def test_every_target_is_a_source_of_its_own() -> None:
    """Targets that share job and instance are told apart; the others are called what they are."""
    labels = (("instance", "a:1"), ("job", "shop"))
    one, twin = Target(labels, "http://a:1/x", TIMING), Target(labels, "http://a:1/y", TIMING)
    other = Target((("instance", "b:1"), ("job", "shop")), "http://b:1/x", TIMING)
    named = sources("shop", [one, twin, other])
    assert named["scrape:shop:b:1"] == other
    assert set(named.values()) == {one, twin, other}
    assert "scrape:shop:a:1" not in named


def kept(exposed: dict[str, str], **fields: Any) -> str:
    return text(SeriesNames(job(**fields), (("instance", "a:1"), ("job", "shop"))).resolve(exposed))


def test_the_targets_labels_win() -> None:
    """What the target says of itself under the same name is kept aside."""
    assert kept({"__name__": "m", "job": "x", "exported_job": "y", "b": "c"}) == (
        'm{b="c", exported_exported_job="x", exported_job="y", instance="a:1", job="shop"}'
    )


def test_honoured_labels_win() -> None:
    """With `honor_labels` the exposed label holds, and an empty one keeps the target's away."""
    assert kept({"__name__": "m", "job": "x", "instance": ""}, honor_labels=True) == 'm{job="x"}'


def test_metric_relabelling_comes_last() -> None:
    """It sees the target's labels and the metric's name; what it drops is not kept."""
    rename = {"source_labels": ["__name__", "job"], "regex": "m;shop", "target_label": "__name__", "replacement": "n"}
    drop = {"source_labels": ["__name__"], "regex": "go_.*", "action": "drop"}
    rules = {"metric_relabel_configs": [drop, rename]}
    assert kept({"__name__": "m"}, **rules) == 'n{instance="a:1", job="shop"}'
    assert kept({"__name__": "go_x"}, **rules) == "{}"


def test_a_target_does_not_say_whether_it_is_up() -> None:
    """`up` and its siblings are the scrape's own; the same name with other labels is free."""
    assert kept({"__name__": "up"}) == "{}"
    assert kept({"__name__": "up", "of": "db"}) != "{}"


@pytest.mark.parametrize(
    ("limits", "exposed"),
    [
        ({"label_limit": 3}, {"a": "b"}),
        ({"label_name_length_limit": 8}, {"a_long_name": "b"}),
        ({"label_value_length_limit": 5}, {"a": "sixsix"}),
        ({"metric_relabel_configs": [{"action": "labeldrop", "regex": "__name__"}]}, {}),
        ({}, {"a": "x" * MOST_LABEL_BYTES}),
    ],
)
def test_a_series_beyond_the_limits_voids_the_scrape(limits: dict[str, Any], exposed: dict[str, str]) -> None:
    """So that nobody works with a part of a target's series without noticing."""
    with pytest.raises(ScrapeFailed):
        kept({"__name__": "m", **exposed}, **limits)


def test_text_formats_are_asked_for() -> None:
    """As Prometheus asks, without protobuf."""
    headers = request_headers(job(), 10_000)
    assert headers["Accept"] == (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    )
    assert headers["X-Prometheus-Scrape-Timeout-Seconds"] == "10"


def test_the_format_is_what_the_answer_says() -> None:
    """By its content type, else the fallback, else the scrape fails."""
    assert grammar_of("application/openmetrics-text; version=1.0.0; charset=utf-8", None).name == "OpenMetrics"
    assert grammar_of("text/plain", None).name == "text"
    assert grammar_of("", "PrometheusText0.0.4").name == "text"
    with pytest.raises(ScrapeFailed, match="fallback_scrape_protocol"):
        grammar_of("application/json", None)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"kubernetes_sd_configs": []}, "fields of Prometheus that are not supported: kubernetes_sd_configs"),
        ({"oauth2": {}, "proxy_url": "x"}, "not supported: oauth2, proxy_url"),
        ({"tls_config": {"ca": "PEM"}}, "not supported: ca"),
        ({"tls_config": {"cert_file": "x"}}, "cert_file and key_file go together"),
        ({"basic_auth": {"password": "hunter2"}}, "expected env:NAME"),
        ({"basic_auth": {}, "authorization": {}}, "at most one of"),
        ({"scrape_interval": "5s", "scrape_timeout": "6s"}, "scrape_timeout is longer"),
        ({"scrape_interval": "0s"}, "greater than 0"),
        ({"scrape_interval": 5}, "expected a duration such as 5m, got 5"),
        ({"body_size_limit": "lots"}, "expected a size such as 10MB"),
        ({"scrape_protocols": ["PrometheusProto"]}, "Input should be"),
        ({"file_sd_configs": [{"files": ["targets.txt"]}]}, "expected a name that ends in"),
        ({"metrics_paths": "/x"}, "Extra inputs are not permitted"),
    ],
)
def test_a_configuration_that_cannot_be_honoured_is_refused(fields: dict[str, Any], why: str) -> None:
    """By the name of the field, and without showing a secret to be right."""
    with pytest.raises(ValidationError, match=why):
        job(**fields)


def test_sizes_are_prometheus() -> None:
    """Powers of 1024, with or without an i."""
    sizes = ("512B", "1KB", "10MiB", "1.5MB", 0)
    assert [job(body_size_limit=size).body_size_limit_bytes for size in sizes] == [512, 1024, 10 << 20, 3 << 19, 0]


def test_the_example_is_valid() -> None:
    """What the reference page shows can be copied."""
    PrometheusConfig.model_validate(yaml.safe_load(SPEC.example)["prometheus"])


def test_job_names_differ() -> None:
    """Two jobs of one name would be one another's series."""
    with pytest.raises(ValidationError, match="job_name stands more than once: a"):
        PrometheusConfig.model_validate({"scrape_configs": [{"job_name": "a"}, {"job_name": "a"}]})
