"""What the shipped patterns find, what they leave around it, and what they do not take for a secret."""

import pytest

from engine.redaction import SHIPPED
from tests.redaction.redacting import text_left

CARD = "4111 1111 1111 1111"
FOUND = [
    ("url", "postgres://shop:hunter2@db/shop", "postgres://shop:*@db/shop"),
    ("url", "clone https://ann:p@ss:w@git.example/x.git?y=a@b", "clone https://ann:*@git.example/x.git?y=a@b"),
    ("authorization", "Authorization: Basic YW5uOmh1bnRlcjI=", "Authorization: Basic *"),
    ("authorization", '{"authorization": "hunter2hunter2", "b": 1}', '{"authorization": "*", "b": 1}'),
    ("authorization", "curl -H 'Authorization: token hunter2' x", "curl -H 'Authorization: token *' x"),
    ("bearer", "got bearer abcdefghij0123456789.x-y_z== from ann", "got bearer * from ann"),
    ("token", "ghp_" + "a1B2" * 9 + " pushed", "* pushed"),
    ("token", "jwt=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln!", "jwt=*!"),
    ("aws_key", "key AKIAABCDEFGHIJKLMNOP used", "key * used"),
    ("option", "backup --password hunter2 --to x", "backup --password * --to x"),
    ("option", "run -token 'a b' x", "run -token '*' x"),
    ("option", '["backup", "--api-key", "hunter2"]', '["backup", "--api-key", "*"]'),
    ("option", 'a0="backup" a1="--secret" a2="hunter2"', 'a0="backup" a1="--secret" a2="*"'),
    ("tool", "mysqldump -u shop -phunter2 shop", "mysqldump -u shop -p* shop"),
    ("tool", "sshpass -p hunter2 ssh web1", "sshpass -p * ssh web1"),
    ("tool", "curl -s -u ann:hunter2 https://x", "curl -s -u ann:* https://x"),
    ("tool", "openssl rsa -in k -passin pass:hunter2", "openssl rsa -in k -passin pass:*"),
    ("password", "DB_PASSWORD=hunter2 ./run", "DB_PASSWORD=* ./run"),
    ("password", 'login password="a \\"b\\" c" ok', 'login password="*" ok'),
    ("password", '{"user": "ann", "passwd": "a b", "n": 1}', '{"user": "ann", "passwd": "*", "n": 1}'),
    ("password", '{"password":"a b","n":1}', '{"password":"*","n":1}'),
    ("password", r"{\"secret\": \"hunter2\"}", r"{\"secret\": \"*\"}"),
    ("password", "GET /reset?token=abc123&lang=de", "GET /reset?token=*&lang=de"),
    ("password", "user[password]=hunter2&x=1", "user[password]=*&x=1"),
    ("password", "aws_secret_access_key = abc/DEF", "aws_secret_access_key = *"),
    ("password", "Server=db;AccountKey=abc+/==;x=1", "Server=db;AccountKey=*;x=1"),
    ("credit_card", f"paid with {CARD}.", "paid with *."),
    ("credit_card", "5555-5555-5555-4444,378282246310005", "*,*"),
    ("email", "mail to ann.b+x@shop.example.org failed", "mail to * failed"),
    ("iban", "to GB82 WEST 1234 5698 7654 32 today", "to * today"),
    ("cookie", "Set-Cookie: sid=abc; Path=/", "Set-Cookie: *"),
]
ORDINARY = [
    "Failed password for invalid user bob from 192.0.2.7 port 4022 ssh2",
    "Accepted publickey for ann from 192.0.2.7 port 4022 ssh2: ED25519 SHA256:3q2+7w",
    "pam_unix(sudo:auth): authentication failure; logname= uid=1000 euid=0 tty=/dev/pts/0 ruser=ann rhost=  user=ann",
    "ann : TTY=pts/0 ; PWD=/srv/ann ; USER=root ; COMMAND=/usr/bin/passwd bob",
    "passwd[12]: password changed for ann",
    "Started Forward Password Requests to Wall Directory Watch.",
    '192.0.2.7 - - [04/Mar/2024:06:25:01 +0100] "GET /?230331450398 HTTP/1.1" 200 1 "https://a.example:8443/x@y" "M"',
    "tests: 3 pass: all, bypass=3, compass=n",
    "took 1709533501120 ms, trace 4111111111111112, ratio 0.4111111111111111, id 9f86-4111111111111111",
    "the bearer of bad news",
]


@pytest.mark.parametrize(("name", "text", "expected"), FOUND)
def test_a_secret_goes_and_what_stands_around_it_stays(name: str, text: str, expected: str) -> None:
    """So that rules still see how it came to be there."""
    assert text_left(text, name) == expected


def test_every_shipped_pattern_is_shown_at_work() -> None:
    """None is there that finds nothing; private keys are below."""
    assert {name for name, _, _ in FOUND} | {"private_key"} == set(SHIPPED)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_lines_are_left_as_they_are(text: str) -> None:
    """Talking of passwords is not telling them, and a long number is not a card."""
    assert text_left(text) == text


@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])
def test_a_private_key_goes_to_its_last_line(kind: str) -> None:
    """With its headers, and to the end of the text where its last line is missing."""
    body = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\nMIIEow/+==\n"
    key = f"-----BEGIN {kind}-----\n{body}-----END {kind}-----"
    assert text_left(f"got\n{key}\nfrom ann", "private_key") == "got\n-----BEGIN *\nfrom ann"
    assert text_left(f"got -----BEGIN {kind}-----\n{body}", "private_key") == "got -----BEGIN *"


def test_check_digits_decide() -> None:
    """A number of the right form with another last digit stays."""
    assert text_left("4111111111111112") == "4111111111111112"
    assert text_left("GB82 WEST 1234 5698 7654 33", "iban") == "GB82 WEST 1234 5698 7654 33"
