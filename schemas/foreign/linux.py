"""What Linux machines log, as shippers take it from the journal or from syslog.

The message is not taken apart: that is what the agent's own log collector does.
"""

from schemas.foreign.records import Fields, Known, renamed, text
from schemas.foreign.times import rfc3339

_SERVICES = {
    "sshd": "sshd",
    "sshd-session": "sshd",
    "sudo": "sudo",
    "cron": "cron",
    "crond": "cron",
    "su": "auth",
    "login": "auth",
    "systemd-logind": "auth",
    "useradd": "auth",
    "userdel": "auth",
    "usermod": "auth",
    "passwd": "auth",
    "clamd": "clamav",
    "freshclam": "clamav",
    "guacd": "guacamole",
    "vsftpd": "vsftpd",
}
"""Sigma's services, by the name of the program; `syslog` for all others."""


def journal(data: Fields) -> Known | None:
    """An entry of journald with its own names of fields."""
    if not isinstance(data.get("MESSAGE"), str):
        return None
    program = text(data, "SYSLOG_IDENTIFIER") or text(data, "_COMM")
    names = {
        "MESSAGE": "message",
        "_HOSTNAME": "host.hostname",
        "_PID": "process.pid",
        "_EXE": "process.executable",
        "_CMDLINE": "process.command_line",
    }
    fields = data | renamed(data, names) | ({"process.name": program} if program else {})
    time = rfc3339(data.get("__REALTIME_TIMESTAMP")) or rfc3339(data.get("timestamp"))
    return _program(program, fields, time)


def syslog(data: Fields) -> Known | None:
    """A message as Vector takes it apart."""
    program = text(data, "appname")
    if not program or not isinstance(data.get("message"), str):
        return None
    names = {"appname": "process.name", "hostname": "host.hostname", "procid": "process.pid"}
    return _program(program, data | renamed(data, names), rfc3339(data.get("timestamp")))


def _program(name: str, fields: Fields, time: str | None) -> Known:
    service = _SERVICES.get(name.rpartition("/")[2].lower(), "syslog")
    return Known(f"log.{service}", "linux", "", service, fields, time)
