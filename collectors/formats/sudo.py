"""What sudo says: who ran what as whom, and who was not allowed to."""

import re

from collectors.formats.model import Fields

_SAID = re.compile(r"\s*(.*?) : (.*)", re.DOTALL)
_KEYS = re.compile(r"(?:^|; )(HOST|TTY|CHROOT|PWD|USER|GROUP|TSID|ENV|COMMAND)=")
_NAMES = {
    "TTY": "process.tty.name",
    "PWD": "process.working_directory",
    "USER": "user.effective.name",
    "GROUP": "group.name",
    "COMMAND": "process.command_line",
}
_CONTINUED = "(command continued) "
_PASSWORD = ("incorrect password attempt", "a password is required", "no password was provided", "authentication fail")


def sudo_fields(message: str) -> Fields | None:
    """`bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/ls`; None for what is not so.

    A long command goes on in further messages, each of which is an event of its own.
    """
    said = _SAID.match(message)
    if said is None:
        return None
    name, text = said[1], said[2]
    if text.startswith(_CONTINUED):
        return {
            "event.action": "sudo_command_continued",
            "user.name": name,
            "process.command_line": text.removeprefix(_CONTINUED),
        }
    reason, facts = _facts(text)
    return {"user.name": name, **_judged(reason, "process.command_line" in facts), **facts} if facts else None


def _facts(text: str) -> tuple[str, Fields]:
    """Why it was refused, if it was, and what the keys say. The command is last, and may hold what looks like keys."""
    facts: Fields = {}
    first = key = _KEYS.search(text)
    while key:
        following = None if key[1] == "COMMAND" else _KEYS.search(text, key.end())
        value = text[key.end() : following.start() if following else len(text)]
        if key[1] in _NAMES:
            facts[_NAMES[key[1]]] = value if key[1] == "COMMAND" else value.removesuffix(" ")
        key = following
    if command := facts.get("process.command_line"):
        facts["process.executable"] = command.partition(" ")[0]
    return (text[: first.start()] if first else text).strip(" ;"), facts


def _judged(reason: str, has_command: bool) -> Fields:
    if not reason:
        return {"event.action": "sudo_command", "event.outcome": "success"} if has_command else {}
    action = "sudo_authentication" if any(word in reason for word in _PASSWORD) else "sudo_denied"
    return {"event.action": action, "event.outcome": "failure", "event.reason": reason}
