"""What sshd says."""

from typing import Any

import pytest

from collectors.formats.programs import of_program

FAILED = {"event.outcome": "failure"}
DONE = {"event.outcome": "success"}
FROM = {"source.ip": "192.0.2.7", "source.port": 4022}


def said(program: str, message: str) -> dict[str, Any]:
    return of_program(program, message).fields


def login(outcome: dict[str, str], **fields: str) -> dict[str, Any]:
    return {"event.action": "ssh_login", **outcome, **FROM, **{k.replace("_", "."): v for k, v in fields.items()}}


SSHD = {
    "Failed password for root from 192.0.2.7 port 4022 ssh2": login(FAILED, user_name="root", ssh_method="password"),
    "Failed password for invalid user admin from 192.0.2.7 port 4022 ssh2": login(
        FAILED, user_name="admin", ssh_method="password"
    ),
    "Failed none for invalid user  from 192.0.2.7 port 4022 ssh2": login(FAILED, ssh_method="none"),
    "Failed publickey for git from 192.0.2.7 port 4022 ssh2: RSA SHA256:x/y+z": login(
        FAILED, user_name="git", ssh_method="publickey", ssh_signature="RSA SHA256:x/y+z"
    ),
    "Failed keyboard-interactive/pam for ann from 192.0.2.7 port 4022 ssh2": login(
        FAILED, user_name="ann", ssh_method="keyboard-interactive/pam"
    ),
    "Accepted password for ann from 192.0.2.7 port 4022 ssh2": login(DONE, user_name="ann", ssh_method="password"),
    "Accepted publickey for ann from 192.0.2.7 port 4022 ssh2: ED25519 SHA256:q": login(
        DONE, user_name="ann", ssh_method="publickey", ssh_signature="ED25519 SHA256:q"
    ),
    "message repeated 3 times: [ Failed password for root from 192.0.2.7 port 4022 ssh2]": login(
        FAILED, user_name="root", ssh_method="password"
    )
    | {"event.repeated": 3},
    "Invalid user oracle from 192.0.2.7 port 4022": {
        "event.action": "ssh_invalid_user",
        **FAILED,
        **FROM,
        "user.name": "oracle",
    },
    "Invalid user  from 192.0.2.7 port 4022": {"event.action": "ssh_invalid_user", **FAILED, **FROM},
    "Invalid user ftp from 2001:db8::5": {
        "event.action": "ssh_invalid_user",
        **FAILED,
        "source.ip": "2001:db8::5",
        "user.name": "ftp",
    },
    "Connection closed by authenticating user root 192.0.2.7 port 4022 [preauth]": {
        "event.action": "ssh_disconnect",
        **FAILED,
        **FROM,
        "user.name": "root",
    },
    "Connection reset by invalid user pi 192.0.2.7 port 4022 [preauth]": {
        "event.action": "ssh_disconnect",
        **FAILED,
        **FROM,
        "user.name": "pi",
    },
    "Connection closed by 192.0.2.7 port 4022 [preauth]": {"event.action": "ssh_disconnect", **FROM},
    "Disconnected from user ann 192.0.2.7 port 4022": {"event.action": "ssh_disconnect", **FROM, "user.name": "ann"},
    "Disconnected from invalid user x 192.0.2.7 port 4022 [preauth]": {
        "event.action": "ssh_disconnect",
        **FAILED,
        **FROM,
        "user.name": "x",
    },
    "Received disconnect from 192.0.2.7 port 4022:11: Bye Bye [preauth]": {
        "event.action": "ssh_disconnect",
        **FROM,
        "event.reason": "11: Bye Bye",
    },
    "Received disconnect from 2001:db8::5: 11: Bye Bye": {
        "event.action": "ssh_disconnect",
        "source.ip": "2001:db8::5",
        "event.reason": "11: Bye Bye",
    },
    "error: maximum authentication attempts exceeded for root from 192.0.2.7 port 4022 ssh2 [preauth]": {
        "event.action": "ssh_too_many_attempts",
        **FAILED,
        **FROM,
        "user.name": "root",
    },
    "Disconnecting authenticating user root 192.0.2.7 port 4022: Too many authentication failures [preauth]": {
        "event.action": "ssh_too_many_attempts",
        **FAILED,
        **FROM,
        "user.name": "root",
        "event.reason": "Too many authentication failures",
    },
    "Disconnecting invalid user a 192.0.2.7 port 4022: Change of username or service not allowed: "
    "(a,ssh-connection) -> (b,ssh-connection) [preauth]": {
        "event.action": "ssh_disconnect",
        **FAILED,
        **FROM,
        "user.name": "a",
        "event.reason": "Change of username or service not allowed: (a,ssh-connection) -> (b,ssh-connection)",
    },
    "fatal: Timeout before authentication for 192.0.2.7 port 4022": {"event.action": "ssh_timeout", **FAILED, **FROM},
    "Timeout before authentication for connection from 192.0.2.7 to 198.51.100.1, pid = 61": {
        "event.action": "ssh_timeout",
        **FAILED,
        "source.ip": "192.0.2.7",
    },
    "Unable to negotiate with 192.0.2.7 port 4022: no matching host key type found. Their offer: ssh-dss [preauth]": {
        "event.action": "ssh_negotiation",
        **FAILED,
        **FROM,
        "event.reason": "no matching host key type found. Their offer: ssh-dss",
    },
    "banner exchange: Connection from 192.0.2.7 port 4022: invalid format": {
        "event.action": "ssh_negotiation",
        **FAILED,
        **FROM,
        "event.reason": "invalid format",
    },
    "error: kex_exchange_identification: Connection closed by remote host": {
        "event.action": "ssh_negotiation",
        **FAILED,
        "event.reason": "Connection closed by remote host",
    },
    "ssh_dispatch_run_fatal: Connection from authenticating user root 192.0.2.7 port 4022: "
    "message authentication code incorrect [preauth]": {
        "event.action": "ssh_protocol_error",
        **FAILED,
        **FROM,
        "user.name": "root",
        "event.reason": "message authentication code incorrect",
    },
    "User root from 192.0.2.7 not allowed because not listed in AllowUsers": {
        "event.action": "ssh_denied",
        **FAILED,
        "source.ip": "192.0.2.7",
        "user.name": "root",
        "event.reason": "not listed in AllowUsers",
    },
    "drop connection #10 from [192.0.2.7]:4022 on [198.51.100.1]:22 past MaxStartups": {
        "event.action": "ssh_denied",
        **FAILED,
        **FROM,
        "event.reason": "past MaxStartups",
    },
    "error: PAM: Authentication failure for illegal user eve from host.example.org": {
        "event.action": "ssh_pam",
        **FAILED,
        "source.address": "host.example.org",
        "user.name": "eve",
        "event.reason": "Authentication failure",
    },
    "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root": {
        "event.action": "pam_authentication",
        **FAILED,
        "source.ip": "192.0.2.7",
        "user.name": "root",
    },
    "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root": {
        "event.action": "pam_authentication",
        **FAILED,
        "source.ip": "192.0.2.7",
        "user.name": "root",
        "event.repeated": 2,
    },
    "pam_unix(sshd:auth): check pass; user unknown": {"event.action": "pam_user_unknown", **FAILED},
    "pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)": {
        "event.action": "pam_session_opened",
        **DONE,
        "user.name": "ann",
    },
    "rexec line 34: Deprecated option UsePrivilegeSeparation": {},
}


@pytest.mark.parametrize("message", SSHD)
def test_sshd(message: str) -> None:
    """Who came from where and as whom, and whether it was let in."""
    assert said("sshd", message) == SSHD[message]


@pytest.mark.parametrize(
    "message",
    [
        "Failed password for invalid user a from 203.0.113.9 port 1 ssh2 from 192.0.2.7 port 4022 ssh2",
        "Invalid user x from 203.0.113.9 port 1 from 192.0.2.7 port 4022",
        "Connection closed by invalid user a 203.0.113.9 port 1 192.0.2.7 port 4022 [preauth]",
        "Bad protocol version identification 'GET from 203.0.113.9 port 1' from 192.0.2.7 port 4022",
    ],
)
def test_what_an_attacker_chooses_is_not_the_address(message: str) -> None:
    """A user may be named as the rest of the message reads; the address is where sshd puts it."""
    assert FROM.items() <= said("sshd", message).items()
