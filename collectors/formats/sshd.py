"""What sshd says, of OpenSSH 5 to 10, and of `sshd-session` and `sshd-auth`, into which it was divided."""

from collectors.formats.model import Fields
from collectors.formats.phrases import WHO, WHO_WITH_PORT, Phrase, reader

_USER = r"(?:invalid user |illegal user |user )?(?P<user>.*)"
_PREAUTH_USER = r"(?:(?:invalid|authenticating|illegal) user (?P<user>.*) )"
_SSH = r"(?: ssh2?)?(?:: (?P<signature>.+))?"
_LOGIN = f"(?P<method>[\\w/-]+) for {_USER} from {WHO}{_SSH}"
_EXCHANGE = r"kex_exchange_identification: (?P<reason>.*)"

_read = reader(
    [
        Phrase(f"Failed {_LOGIN}", "ssh_login", "failure"),
        Phrase(f"Accepted {_LOGIN}", "ssh_login", "success"),
        Phrase(f"Partial {_LOGIN}", "ssh_login_step", "success"),
        Phrase(f"Postponed {_LOGIN}", "ssh_login_step"),
        Phrase(f"Invalid user (?P<user>.*) from {WHO}", "ssh_invalid_user", "failure"),
        Phrase(f"Illegal user (?P<user>.*) from {WHO}", "ssh_invalid_user", "failure"),
        Phrase(r"input_userauth_request: (?:invalid|illegal) user (?P<user>.*)", "ssh_invalid_user", "failure"),
        Phrase(
            f"maximum authentication attempts exceeded for {_USER} from {WHO}{_SSH}", "ssh_too_many_attempts", "failure"
        ),
        Phrase(
            f"Disconnecting {_PREAUTH_USER}?{WHO_WITH_PORT}: (?P<reason>Too many authentication failures.*)",
            "ssh_too_many_attempts",
            "failure",
        ),
        Phrase(
            r"Disconnecting: (?P<reason>Too many authentication failures)(?: for (?P<user>.*))?",
            "ssh_too_many_attempts",
            "failure",
        ),
        Phrase(
            f"Disconnecting {_PREAUTH_USER}?{WHO_WITH_PORT}: (?P<reason>[^:]+(?:: \\(.*)?)", "ssh_disconnect", "failure"
        ),
        Phrase(r"Disconnecting: (?P<reason>.*)", "ssh_disconnect", "failure"),
        Phrase(f"Connection (?:closed|reset) by {_PREAUTH_USER}{WHO_WITH_PORT}", "ssh_disconnect", "failure"),
        Phrase(f"Connection (?:closed|reset) by (?:user (?P<user>.*) )?{WHO_WITH_PORT}", "ssh_disconnect"),
        Phrase(f"Connection from {WHO} on \\S+ port \\d+(?: rdomain .*)?", "ssh_connection"),
        Phrase(f"Disconnected from {_PREAUTH_USER}{WHO_WITH_PORT}", "ssh_disconnect", "failure"),
        Phrase(f"Disconnected from (?:user (?P<user>.*) )?{WHO_WITH_PORT}", "ssh_disconnect"),
        Phrase(f"Received disconnect from {WHO_WITH_PORT}:(?P<reason>\\d+: .*)", "ssh_disconnect"),
        Phrase(r"Received disconnect from (?P<ip>\S+): (?P<reason>\d+: .*)", "ssh_disconnect"),
        Phrase(f"Timeout before authentication for {WHO}", "ssh_timeout", "failure"),
        Phrase(
            r"Timeout before authentication for connection from (?P<ip>\S+) to \S+, pid = \d+", "ssh_timeout", "failure"
        ),
        Phrase(f"Unable to negotiate with {WHO}: (?P<reason>.*)", "ssh_negotiation", "failure"),
        Phrase(f"Unable to negotiate a key exchange method with {WHO}.*", "ssh_negotiation", "failure"),
        Phrase(f"banner exchange: Connection from {WHO}: (?P<reason>.*)", "ssh_negotiation", "failure"),
        Phrase(f"Bad protocol version identification .* from {WHO}", "ssh_negotiation", "failure"),
        Phrase(f"Did not receive identification string from {WHO}", "ssh_negotiation", "failure"),
        Phrase(f"Protocol major versions differ for {WHO}: (?P<reason>.*)", "ssh_negotiation", "failure"),
        Phrase(_EXCHANGE, "ssh_negotiation", "failure"),
        Phrase("ssh_exchange_identification: (?P<reason>.*)", "ssh_negotiation", "failure"),
        Phrase(
            f"ssh_dispatch_run_fatal: Connection from {_PREAUTH_USER}?{WHO_WITH_PORT}: (?P<reason>.*)",
            "ssh_protocol_error",
            "failure",
        ),
        Phrase(
            f"ssh_dispatch_run_fatal: Connection from user (?P<user>.*) {WHO_WITH_PORT}: (?P<reason>.*)",
            "ssh_protocol_error",
        ),
        Phrase(r"User (?P<user>.*) from (?P<ip>\S+) not allowed because (?P<reason>.*)", "ssh_denied", "failure"),
        Phrase(r"User (?P<user>.*?) not allowed because (?P<reason>.*)", "ssh_denied", "failure"),
        Phrase("Login restricted for (?P<user>.*): (?P<reason>.*)", "ssh_denied", "failure"),
        Phrase(f"ROOT LOGIN REFUSED FROM {WHO}", "ssh_denied", "failure"),
        Phrase(r"refused connect from \S+ \((?P<ip>\S+)\)", "ssh_denied", "failure"),
        Phrase(f"refused connect from {WHO}", "ssh_denied", "failure"),
        Phrase(
            r"drop connection #\d+ from \[(?P<ip>[^\]]+)\]:(?P<port>\d+) on \S+ (?P<reason>.*)", "ssh_denied", "failure"
        ),
        Phrase(r"Authentication refused: (?P<reason>.*)", "ssh_denied", "failure"),
        Phrase(f"PAM: (?P<reason>.*) for {_USER} from (?P<ip>\\S+)", "ssh_pam", "failure"),
        Phrase(r"reverse mapping checking getaddrinfo for \S+ \[(?P<ip>[^\]]+)\] .*", "ssh_reverse_mapping"),
        Phrase(r"Address (?P<ip>\S+) maps to .*", "ssh_reverse_mapping"),
        Phrase(r"Nasty PTR record .* is set up for (?P<ip>\S+), ignoring", "ssh_reverse_mapping"),
        Phrase(f"Starting session: (?P<reason>.*) for (?P<user>.*) from {WHO}(?: id \\d+)?", "ssh_session"),
        Phrase(f"Close session: user (?P<user>.*) from {WHO}(?: id \\d+)?", "ssh_session_end"),
        Phrase(r"subsystem request for (?P<reason>\S+)(?: by user (?P<user>.*))?", "ssh_session"),
        Phrase(r"Server listening on .*", "ssh_start"),
        Phrase(r"Received signal \d+; terminating\.?", "ssh_stop"),
    ]
)

_GRAVITY = ("error: ", "fatal: ", "debug1: ")
_ENDS = (" [preauth]", " [postauth]")


def sshd_fields(message: str) -> Fields | None:
    """The fields of a message of sshd; None for one that is not known."""
    for word in _GRAVITY:
        message = message.removeprefix(word)
    for end in _ENDS:
        message = message.removesuffix(end)
    return _read(message)
