"""Audit events: what is said in several records is one event, with the records' keys and with common fields."""

from typing import Any

from collectors.formats.model import Parsed
from tests.collectors.contexts import parser


def event(*records: str, serial: int = 7) -> Parsed:
    joined = parser("auditd").joined
    assert joined
    return joined.parse([each.replace(" ", f" msg=audit(1709533501.120:{serial}): ", 1) for each in records])


def fields(*records: str) -> dict[str, Any]:
    return event(*records).data


SYSCALL = (
    "type=SYSCALL arch=c000003e syscall=59 success=yes exit=0 a0=55 a1=56 ppid=811 pid=812 auid=1000 uid=0 euid=0 "
    'tty=pts0 comm="cat" exe="/usr/bin/cat" key="shadow"'
)


def test_an_execve_is_a_process_that_was_created() -> None:
    """Its command line is put together of its arguments, and its log source is that of rules about processes too."""
    found = event(
        SYSCALL,
        'type=EXECVE argc=3 a0="cat" a1=2F746D702F6120C3A9 a2="x"',
        'type=CWD cwd="/root"',
        'type=PATH item=0 name="/usr/bin/cat" nametype=NORMAL',
        'type=PATH item=1 name="/lib/ld.so" nametype=NORMAL',
        "type=PROCTITLE proctitle=636174002F746D70",
    )
    assert (found.type, found.source) == ("log.auditd", ("linux", "process_creation", "auditd"))
    assert found.time == "2024-03-04T06:25:01.120Z"
    expected = {
        "process.command_line": "cat /tmp/a é x",
        "process.executable": "/usr/bin/cat",
        "process.name": "cat",
        "process.pid": 812,
        "process.parent.pid": 811,
        "process.working_directory": "/root",
        "process.tty.name": "pts0",
        "user.name": "root",
        "user.id": "0",
        "event.outcome": "success",
        "event.action": "execve",
        "event.sequence": 7,
    }
    assert expected.items() <= found.data.items()


def test_keys_stay_under_their_own_names() -> None:
    """A key that several records have is a list, and so is the type; hexadecimal is text."""
    found = fields(
        SYSCALL,
        'type=EXECVE argc=2 a0="cat" a1=61',
        'type=PATH name="/a" nametype=NORMAL',
        "type=PATH name=2F6220 nametype=NORMAL",
    )
    assert found["type"] == ["SYSCALL", "EXECVE", "PATH", "PATH"]
    assert found["a0"] == ["55", "cat"]  # of the system call a number, of the program an argument
    assert found["a1"] == ["56", "a"]
    assert found["name"] == ["/a", "/b "]
    assert found["key"] == "shadow"
    assert found["SYSCALL"] == "execve"
    assert fields("type=CWD cwd=2F61")["type"] == "CWD"


def test_several_keys_of_a_rule_are_a_list() -> None:
    """The kernel divides them by a byte that makes them hexadecimal."""
    assert fields("type=SYSCALL syscall=1 key=61016263")["key"] == ["a", "bc"]


def test_a_long_argument_is_put_together() -> None:
    """Also where the kernel needed several records for it."""
    found = fields(SYSCALL, 'type=EXECVE argc=3 a0="sh" a1_len=8 a1[0]=6161', 'type=EXECVE a1[1]=6262 a2="x"')
    assert found["process.command_line"] == "sh aabb x"
    assert found["type"] == ["SYSCALL", "EXECVE"]


def test_without_its_arguments_the_title_is_the_command_line() -> None:
    """The zero bytes between the words are blanks."""
    assert fields(SYSCALL, "type=PROCTITLE proctitle=6C73002D6C00")["process.command_line"] == "ls -l"
    assert fields(SYSCALL, 'type=PROCTITLE proctitle="ls"')["process.command_line"] == "ls"


def test_what_did_not_succeed_created_nothing() -> None:
    """A program that could not be run is an event of auditd, not a process."""
    found = event(SYSCALL.replace("success=yes", "success=no"), 'type=EXECVE argc=1 a0="x"')
    assert (found.source.category, found.data["event.outcome"]) == ("", "failure")


def test_a_program_says_more() -> None:
    """What PAM, sshd and others report themselves lies within quotes."""
    found = event(
        'type=USER_LOGIN pid=9 uid=0 auid=4294967295 msg=\'op=login acct="ann" exe="/usr/sbin/sshd" hostname=? '
        "addr=192.0.2.7 terminal=ssh res=failed'"
    )
    assert found.source == ("linux", "", "auditd")
    expected = {
        "type": "USER_LOGIN",
        "op": "login",
        "acct": "ann",
        "user.name": "ann",
        "source.ip": "192.0.2.7",
        "event.action": "user_login",
        "event.outcome": "failure",
        "process.executable": "/usr/sbin/sshd",
    }
    assert expected.items() <= found.data.items()
    sudo = fields('type=USER_CMD pid=9 uid=1000 msg=\'cwd="/" cmd=6C73202D6C exe="/usr/bin/sudo" res=success\'')
    assert sudo["process.command_line"] == "ls -l"
    stopped = fields("type=SERVICE_STOP pid=1 uid=0 msg='unit=ufw comm=\"systemd\" res=success'")
    assert (stopped["type"], stopped["unit"]) == ("SERVICE_STOP", "ufw")


def test_an_enriched_log_says_names() -> None:
    """Auditd writes them behind the numbers."""
    found = fields(
        'type=SYSCALL arch=c000003e syscall=59 success=yes uid=1000 exe="/x"\x1dARCH=x86_64 SYSCALL=execve UID="ann"'
    )
    assert (found["SYSCALL"], found["user.name"], found["uid"]) == ("execve", "ann", "1000")


def test_a_connection_has_its_other_end() -> None:
    """The bytes of the address are read; a connection that is begun without waiting counts as one."""
    call = 'type=SYSCALL arch=c000003e syscall=42 success=no exit=-115 uid=0 exe="/usr/bin/curl"'
    found = event(call, "type=SOCKADDR saddr=020001BBC00002070000000000000000")
    assert found.source.category == "network_connection"
    assert (found.data["destination.ip"], found.data["destination.port"]) == ("192.0.2.7", 443)
    six = fields(call, "type=SOCKADDR saddr=0A0001BB0000000020010DB800000000000000000000000700000000")
    assert six["destination.ip"] == "2001:db8::7"
    unix = event(call, "type=SOCKADDR saddr=01002F72756E2F78")
    assert "destination.ip" not in unix.data


def test_a_file_that_was_created_is_named_in_full() -> None:
    """Relative to where the process was."""
    call = 'type=SYSCALL arch=c000003e syscall=257 success=yes exit=3 uid=0 exe="/usr/bin/vi"'
    paths = ['type=PATH item=0 name="/etc/" nametype=PARENT', 'type=PATH item=1 name="cron.d/x" nametype=CREATE']
    found = event(call, 'type=CWD cwd="/etc"', *paths)
    assert (found.source.category, found.data["file.path"]) == ("file_event", "/etc/cron.d/x")
    read = event(call, 'type=CWD cwd="/root"', 'type=PATH item=0 name="/etc/shadow" nametype=NORMAL')
    assert (read.source.category, read.data["file.path"]) == ("", "/etc/shadow")


def test_a_node_is_a_host() -> None:
    """Where auditd is told to name it."""
    parse = parser("auditd").parse
    (found,) = parse('node=web1 type=CWD msg=audit(1.000:2): cwd="/"', 0)
    assert found.data["host.hostname"] == "web1"
    assert parse("what", 0) == []
