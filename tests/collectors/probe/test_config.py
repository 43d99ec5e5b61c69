"""What may be configured, and what is refused, in words."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collectors.probe.config import ProbeConfig

BLACKBOX = """
modules:
  http_2xx: {prober: http, timeout: 3s, http: {preferred_ip_protocol: ip4}}
  http_post_2xx: {prober: http, http: {method: POST}}
  pop3s_banner:
    prober: tcp
    tcp: {query_response: [{expect: ^+OK}], tls: true, tls_config: {insecure_skip_verify: false}}
  ssh_banner: {prober: tcp, tcp: {query_response: [{expect: ^SSH-2.0-, send: SSH-2.0-blackbox-ssh-check}]}}
  icmp: {prober: icmp}
  grpc: {prober: grpc, grpc: {tls: true}}
"""


def config(targets: list[dict[str, Any]], **settings: Any) -> ProbeConfig:
    return ProbeConfig.model_validate({"targets": targets, **settings})


def test_modules_of_blackbox_exporter_are_read_as_they_are(tmp_path: Path) -> None:
    """From its own file, but for those of probers that we have not; one that is here too takes its place."""
    file = tmp_path / "blackbox.yml"
    file.write_text(BLACKBOX.replace("^+OK", '"^[+]OK"'))
    made = config(
        [{"targets": ["a.test:22"], "module": "ssh_banner"}, {"targets": ["http://b.test"]}],
        module_files=[str(file)],
        modules={"http_post_2xx": {"prober": "http"}},
    )
    assert set(made.modules) == {"http_2xx", "http_post_2xx", "pop3s_banner", "ssh_banner"}
    assert made.modules["http_post_2xx"].http.method == "GET"
    assert [target.timeout_ms for target in made.probed(60_000)] == [10_000, 3000]


def test_a_target_has_its_own_time_or_that_of_its_module_or_of_all() -> None:
    """And by default no more of it than its interval."""
    modules = {"slow": {"prober": "http", "timeout": "1m"}}
    groups: list[dict[str, Any]] = [
        {"targets": ["a"], "interval": "5s"},
        {"targets": ["b"], "timeout": "2s"},
        {"targets": ["c"], "module": "slow"},
        {"targets": ["d"], "labels": {"job": "web", "zone": 1}},
    ]
    found = list(config(groups, modules=modules, interval="30s").probed(1000))
    assert [(each.interval_ms, each.timeout_ms) for each in found] == [
        (5000, 5000),
        (30_000, 2000),
        (30_000, 60_000),
        (30_000, 10_000),
    ]
    assert found[3].labels == {"job": "web", "module": "http_2xx", "zone": "1", "instance": "d"}
    assert found[3].source == "probe:http_2xx:d"


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (
            {"targets": ["a"], "module": "icmp"},
            "module icmp: expected one of http_2xx, names, tcp_connect, tls_connect",
        ),
        ({"targets": ["ftp://a"]}, "expected a URL of http or https"),
        ({"targets": ["http://me:secret@a"]}, "without a password"),
        ({"targets": ["a"], "module": "tcp_connect"}, "a: expected host:port"),
        ({"targets": ["a:b"], "module": "names"}, "expected host or host:port, got a:b"),
        ({"targets": ["a", "a"]}, "a is probed twice by module http_2xx"),
        ({"targets": ["a"], "interval": "soon"}, "expected a duration such as 5m"),
    ],
)
def test_a_target_that_cannot_be_probed_is_refused(target: dict[str, Any], why: str) -> None:
    """Before anything is probed."""
    with pytest.raises(ValidationError, match=why):
        config([target], modules={"names": {"prober": "dns", "dns": {"query_name": "a"}}})


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ({"prober": "icmp"}, "prober icmp of blackbox_exporter is not supported"),
        ({"prober": "dns"}, "dns.query_name is needed"),
        ({"prober": "dns", "dns": {"query_name": "a", "query_type": "B"}}, "the type of a DNS record such as A or SOA"),
        ({"prober": "dns", "dns": {"query_name": "a", "valid_rcodes": ["FINE"]}}, "a response code of DNS"),
        ({"prober": "http", "http": {"headers": {"Authorization": "x"}}}, "expected env:NAME or file:PATH of Authori"),
        ({"prober": "http", "http": {"basic_auth": {"password": "x"}}}, "expected env:NAME or file:PATH"),
        ({"prober": "http", "http": {"fail_if_ssl": True, "fail_if_not_ssl": True}}, "at most one of fail_if_ssl"),
        ({"prober": "http", "http": {"fail_if_body_matches_regexp": ["("]}}, "regular expression"),
        ({"prober": "http", "http": {"fail_if_body_json_matches_cel": "a"}}, "not supported"),
        ({"prober": "tcp", "tcp": {"source_ip_address": "here"}}, "does not appear to be an IPv4 or IPv6 address"),
    ],
)
def test_a_module_that_means_nothing_is_refused(module: dict[str, Any], why: str) -> None:
    """Rather than probe otherwise than is meant."""
    with pytest.raises(ValidationError, match=why):
        config([], modules={"m": module})
