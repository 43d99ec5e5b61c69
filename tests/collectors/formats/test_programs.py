"""What programs say: sudo, su, cron and those that change accounts."""

import time
from typing import Any

import pytest

from collectors.formats.programs import of_program

FAILED = {"event.outcome": "failure"}
DONE = {"event.outcome": "success"}


def said(program: str, message: str) -> dict[str, Any]:
    return of_program(program, message).fields


def test_programs_go_by_several_names() -> None:
    """With a path, another case, or what it was divided into, a program is the same."""
    for name in ("sshd", "sshd-session", "/usr/sbin/sshd", "sshd(pam_unix)"):
        assert of_program(name, "").source.service == "sshd"
    assert {of_program(name, "").source.service for name in ("CRON", "cron", "crontab")} == {"cron"}


@pytest.mark.parametrize(
    ("program", "service"),
    [("useradd", "auth"), ("su", "auth"), ("kernel", "syslog"), ("named", "syslog"), ("vsftpd", "vsftpd")],
)
def test_services_are_those_of_sigma(program: str, service: str) -> None:
    """A program that no rule is about belongs to `syslog`, which its rules look at."""
    assert of_program(program, "x").source == ("linux", "", service)
    assert of_program(program, "x").type == f"log.{service}"


RAN = {
    "user.name": "ann",
    "process.tty.name": "pts/0",
    "process.working_directory": "/srv",
    "user.effective.name": "root",
    "process.command_line": "/bin/cat /etc/shadow",
    "process.executable": "/bin/cat",
}
WHAT = "TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/bin/cat /etc/shadow"


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (f"     ann : {WHAT}", {"event.action": "sudo_command", **DONE, **RAN}),
        (
            f"ann : user NOT in sudoers ; {WHAT}",
            {"event.action": "sudo_denied", **FAILED, "event.reason": "user NOT in sudoers", **RAN},
        ),
        (
            f"ann : command not allowed ; {WHAT}",
            {"event.action": "sudo_denied", **FAILED, "event.reason": "command not allowed", **RAN},
        ),
        (
            f"ann : 3 incorrect password attempts ; {WHAT}",
            {"event.action": "sudo_authentication", **FAILED, "event.reason": "3 incorrect password attempts", **RAN},
        ),
        (
            f"ann : a password is required ; {WHAT}",
            {"event.action": "sudo_authentication", **FAILED, "event.reason": "a password is required", **RAN},
        ),
        (
            "ann : (command continued) --more ; USER=x",
            {
                "event.action": "sudo_command_continued",
                "user.name": "ann",
                "process.command_line": "--more ; USER=x",
            },
        ),
        (
            "pam_unix(sudo:auth): authentication failure; logname= uid=1000 euid=0 tty=pts/0 ruser= rhost=  user=ann",
            {"event.action": "pam_authentication", **FAILED, "user.name": "ann"},
        ),
    ],
)
def test_sudo(message: str, fields: dict[str, Any]) -> None:
    """Who ran what as whom and where, and why not."""
    assert said("sudo", message) == fields


def test_a_command_of_sudo_may_look_like_its_keys() -> None:
    """The command is all that follows COMMAND."""
    fields = said("sudo", "ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh -c a ; USER=eve ; PWD=/x")
    assert fields["process.command_line"] == "/bin/sh -c a ; USER=eve ; PWD=/x"
    assert fields["user.effective.name"] == "root"


@pytest.mark.parametrize(
    ("program", "message", "fields"),
    [
        ("su", "FAILED SU (to root) ann on pts/0", ("su", "failure", "ann", "root")),
        ("su", "(to root) ann on pts/0", ("su", "success", "ann", "root")),
        ("su", "Successful su for root by ann", ("su", "success", "ann", "root")),
        ("su", "- /dev/pts/1 ann:root", ("su", "failure", "ann", "root")),
    ],
)
def test_su(program: str, message: str, fields: tuple[str, ...]) -> None:
    """Who became whom."""
    found = said(program, message)
    assert tuple(found[k] for k in ("event.action", "event.outcome", "user.name", "user.effective.name")) == fields


@pytest.mark.parametrize(
    ("program", "message", "action", "changed"),
    [
        ("useradd", "new user: name=eve, UID=0, GID=0, home=/home/eve, shell=/bin/sh, from=none", "user_added", "eve"),
        ("userdel", "delete user 'eve'", "user_deleted", "eve"),
        ("usermod", "add 'eve' to group 'sudo'", "group_member_added", "eve"),
        ("usermod", "change user 'eve' shell from '/bin/sh' to '/bin/bash'", "user_changed", "eve"),
        ("gpasswd", "user eve added by root to group sudo", "group_member_added", "eve"),
        ("passwd", "password for 'eve' changed by 'root'", "password_changed", "eve"),
    ],
)
def test_changes_of_accounts(program: str, message: str, action: str, changed: str) -> None:
    """Whose account was changed, and how."""
    found = said(program, message)
    assert (found["event.action"], found["event.outcome"], found["user.target.name"]) == (action, "success", changed)


def test_cron() -> None:
    """What is run for whom, and whose table was replaced."""
    assert said("CRON", "(root) CMD (/usr/local/bin/tidy (all))") == {
        "event.action": "cron_command",
        "user.name": "root",
        "process.command_line": "/usr/local/bin/tidy (all)",
    }
    assert said("crontab", "(ann) REPLACE (ann)")["event.action"] == "crontab_changed"


@pytest.mark.parametrize(
    "message",
    [
        "Failed password for " + " from a" * 10_000,
        "Starting session: " + " for from" * 10_000,
        "Disconnecting invalid user " + "a port 1: " * 10_000,
        "message repeated 1 times: [ " * 5_000,
        "a : " * 20_000,
    ],
)
def test_no_message_takes_long(message: str) -> None:
    """An attacker who makes a program say much does not hold us up."""
    started_s = time.process_time()
    for program in ("sshd", "sudo", "login"):
        of_program(program, message)
    assert time.process_time() - started_s < 0.5
