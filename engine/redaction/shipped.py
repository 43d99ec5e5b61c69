"""The patterns that come with us: secrets as programs log them, and personal data for those who want it gone too.

Each leaves what stands around the secret, so that a rule still sees that there was a password on a command line.
"""

from collections.abc import Mapping

from engine.redaction.pattern import Pattern

_QUOTED = r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)\'"""
_VALUE = rf"""(?:\\+"([^"\\]*)|{_QUOTED}|([^\s"'`&,;(){{}}\[\]<>]+))"""
_WORD = rf"""(?:{_QUOTED}|([^\s"']+))"""

_SECRETS = (
    r"passw(?:or)?d|passphrase|secret|token|api[_-]?key|(?:secret|private|account|shared[_-]?access)[_-]?(?:access[_-]?)?key"
    r"|mysql_pwd"
)
_OPTIONS = r"pass(?:word|wd|phrase)?|(?:auth-?|access-?)?token|(?:client-?)?secret|(?:api|secret|access)-?key"
_BRACKET = r"(?:\]|%5D)?"
_SCHEMES = "basic|bearer|digest|negotiate|ntlm|token|apikey|aws4-hmac-sha256"
_PEM = r"[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"

_ALL = (
    Pattern(
        "private_key",
        rf"-----BEGIN ({_PEM}(?:[^-]|-{{1,4}}[^-])*(?:-----END {_PEM})?)",
        summary="private keys in PEM and PGP armour, from their first line to their last",
    ),
    Pattern(
        "url",
        r"""[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@"']*:([^\s/?#"']+)@""",
        summary="the password in `https://user:password@host`",
    ),
    Pattern(
        "authorization",
        rf"""(?i)authorization\\*["']?\s*[:=]\s*\\*["']?(?:(?:{_SCHEMES})\s+)?([^\s"'\\,;]+)""",
        summary="what follows `Authorization:`, but for its scheme",
    ),
    Pattern(
        "bearer",
        r"(?i)\bbearer\s+([a-z0-9._~+/-]{16,}=*)",
        summary="tokens after `Bearer`",
    ),
    Pattern(
        "token",
        r"\b(?:gh[opsru]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}"
        r"|[rs]k_live_[A-Za-z0-9]{20,}|AIza[\w-]{35}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*)",
        summary="tokens known by their form: JSON Web Tokens, GitHub, GitLab, Slack, Stripe, Google",
    ),
    Pattern(
        "aws_key",
        r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
        summary="ids of AWS access keys; the secret ones are found by what they are assigned to",
    ),
    Pattern(
        "option",
        rf"(?i)(?:^|[\s\"'\[(])--?(?:{_OPTIONS})(?:[ \t]+|\"[, ]*\"|'[, ]*'|\" a\d+=\"){_WORD}",
        summary="`--password hunter2` and its like on command lines, also as lists of arguments",
    ),
    Pattern(
        "tool",
        r"(?i)(?:\bmysql(?:dump|admin|import)?\b[^|;&\n]*\s-p|\bmariadb(?:-dump|-admin)?\b[^|;&\n]*\s-p|\bsshpass\s+-p\s*"
        r"|\bcurl\b[^|;&\n]*\s(?:-u|--user|--proxy-user)[ =]?\s*[^\s:]+:|\s-pass(?:in|out)?\s+pass:)([^\s\"']+)",
        summary="what mysql, sshpass, curl and openssl take as a password",
    ),
    Pattern(
        "password",
        rf"""(?i)(?:(?:{_SECRETS}){_BRACKET}\\*["']?[ \t]*(?:=>|[=:])[ \t]*|(?:\b|_)pass{_BRACKET}=){_VALUE}""",
        summary='`password=…`, `secret: …`, `"token": "…"`, `api_key=…` and their like, in text, URLs and JSON',
    ),
    Pattern(
        "credit_card",
        r"(?:^|[^\w.-])((?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|35\d\d|6\d{3})(?:[ -]?\d){12}"
        r"|3[47]\d\d(?:[ -]?\d){11}|3(?:0[0-5]|[68]\d)\d(?:[ -]?\d){10})\b",
        check="luhn",
        summary="numbers of payment cards, by issuer, length and check digit",
    ),
    Pattern(
        "email",
        r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b",
        summary="e-mail addresses",
        optional=True,
    ),
    Pattern(
        "iban",
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b",
        check="mod97",
        summary="IBANs that have valid check digits",
        optional=True,
    ),
    Pattern(
        "cookie",
        r"""(?i)\b(?:set-)?cookie["']?\s*[:=]\s*["']?([^\r\n"']+)""",
        summary="what follows `Cookie:` and `Set-Cookie:`",
        optional=True,
    ),
)

SHIPPED: Mapping[str, Pattern] = {pattern.name: pattern for pattern in _ALL}
"""By name, in the order in which they are put to a text."""
