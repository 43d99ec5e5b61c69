"""What a program's message says, whatever carried it here: a line of syslog, an entry of the journal.

The service of the log source is that which SigmaHQ's rules give: a program's own where they have one, otherwise
`auth` for what concerns logins and accounts, and `syslog` for the rest.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from collectors.formats.accounts import account_fields, cron_fields, login_fields, su_fields
from collectors.formats.model import Fields, LogSource
from collectors.formats.pam import pam_fields
from collectors.formats.phrases import Read
from collectors.formats.sshd import sshd_fields
from collectors.formats.sudo import sudo_fields


class Said(NamedTuple):
    """Fields, which the caller may change, beside the message itself; type and log source of the event."""

    fields: Fields
    type: str
    source: LogSource


class _Program(NamedTuple):
    type: str
    source: LogSource
    read: Read


def _nothing(_: str) -> Fields | None:
    return None


def _program(service: str, read: Read = _nothing) -> _Program:
    return _Program(f"log.{service}", LogSource("linux", "", service), read)


SYSLOG = LogSource("linux", "", "syslog")
_OTHER = _program("syslog")
_SSHD, _SUDO, _CRON = _program("sshd", sshd_fields), _program("sudo", sudo_fields), _program("cron", cron_fields)
_LOGIN, _ACCOUNT = _program("auth", login_fields), _program("auth", account_fields)
_ACCOUNT_TOOLS = "useradd userdel usermod groupadd groupdel groupmod gpasswd passwd chpasswd chage chfn chsh adduser"

_PROGRAMS: Mapping[str, _Program] = MappingProxyType(
    {
        **dict.fromkeys(("sshd", "sshd-session", "sshd-auth"), _SSHD),
        **dict.fromkeys(("sudo", "sudo-rs"), _SUDO),
        **dict.fromkeys(("cron", "crond", "crontab", "anacron"), _CRON),
        **dict.fromkeys(("su", "su-l", "runuser"), _program("auth", su_fields)),
        **dict.fromkeys(("login", "systemd-logind", "gdm-password", "lightdm", "polkitd", "pkexec"), _LOGIN),
        **dict.fromkeys(_ACCOUNT_TOOLS.split(), _ACCOUNT),
        **{name: _program(name) for name in ("vsftpd", "guacamole")},
        **dict.fromkeys(("clamd", "clamav", "freshclam"), _program("clamav")),
        "guacd": _program("guacamole"),
    }
)

_REPEATED = re.compile(r"message repeated (\d{1,9}) times: \[ ?(.*)\]", re.DOTALL)


def of_program(program: str, message: str) -> Said:
    """What `message` of `program` says, such as `sshd` or `CRON`. A message that is not known has no fields.

    It raises nothing, whatever the texts.
    """
    known = _PROGRAMS.get(program) or _PROGRAMS.get(_base(program)) or _OTHER
    return Said(_read(known, message), known.type, known.source)


def _base(program: str) -> str:
    """`sshd` of `/usr/sbin/sshd`, `sshd(pam_unix)` and `SSHD`."""
    return program.rpartition("/")[2].partition("(")[0].lower()


def _read(known: _Program, message: str) -> Fields:
    if message.startswith("message repeated ") and (repeated := _REPEATED.fullmatch(message)):
        return _once(known, repeated[2]) | {"event.repeated": int(repeated[1])}
    return _once(known, message)


def _once(known: _Program, message: str) -> Fields:
    return known.read(message) or pam_fields(message) or {}
