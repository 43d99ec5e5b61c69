"""What PAM's modules say, in the name of whatever program asks them: sshd, sudo, su, cron, login."""

import re

from collectors.formats.addresses import put_source
from collectors.formats.model import Fields
from collectors.formats.phrases import LONGEST, Phrase, reader

_PREFIX = re.compile(r"pam_\w+(?:\([^:()]*:\w+\))?: ")
_PAIR = re.compile(r"\b(\w+)=(\S*)")
_MORE = re.compile(r"PAM (\d+) more authentication failures?;")
_NAME = r"(?P<user>[^\s(]+)(?:\(uid=\d+\))?"

_read = reader(
    [
        Phrase(f"session opened for user {_NAME} by .*", "pam_session_opened", "success"),
        Phrase(f"session closed for user {_NAME}", "pam_session_closed"),
        Phrase("check pass; user unknown", "pam_user_unknown", "failure"),
        Phrase(r"bad username \[(?P<user>.*)\]", "pam_user_unknown", "failure"),
        Phrase("password changed for (?P<user>.*)", "password_changed", "success"),
        Phrase(r"Password for (?P<user>.*) was changed", "password_changed", "success"),
        Phrase(r"auth could not identify password for \[(?P<user>.*)\]", "pam_authentication", "failure"),
        Phrase("conversation failed", "pam_authentication", "failure"),
        Phrase(r"received for user (?P<user>.*): \d+ \((?P<reason>.*)\)", "pam_denied", "failure"),
        Phrase("Access denied for user (?P<user>.*): (?P<reason>.*)", "pam_denied", "failure"),
        Phrase("account (?P<user>.*) has (?P<reason>expired.*)", "pam_denied", "failure"),
        Phrase(r"requirement (?P<reason>\".*\") not met by user \"(?P<user>.*)\"", "pam_denied", "failure"),
        Phrase("Consecutive login failures for user (?P<user>.*) account temporarily locked", "pam_locked", "failure"),
        Phrase(r"user (?P<user>.*) \(\d+\) tally (?P<reason>\d+, deny \d+)", "pam_locked", "failure"),
        Phrase(r"PAM service\(.*\) ignoring max retries; (?P<reason>.*)", "pam_too_many_attempts", "failure"),
    ]
)


def pam_fields(message: str) -> Fields | None:
    """The fields of a message that is PAM's; None for one that is not known."""
    if len(message) > LONGEST:
        return None
    if prefix := _PREFIX.match(message):
        message = message[prefix.end() :]
    if message.startswith("authentication "):
        return _authentication(message)
    if more := _MORE.match(message):
        return _authentication(message) | {"event.repeated": int(more[1])}
    return _read(message)


def _authentication(message: str) -> Fields:
    """`authentication failure; logname=bob uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root`"""
    outcome = "success" if message.startswith("authentication success") else "failure"
    fields: Fields = {"event.action": "pam_authentication", "event.outcome": outcome}
    said = dict(_PAIR.findall(message))
    if said.get("rhost"):
        put_source(fields, said["rhost"])
    if name := said.get("user") or said.get("ruser") or said.get("logname"):
        fields["user.name"] = name
    return fields
