"""Redaction: what is nobody's business is taken out of an event on the node, before anything of it is sent.

No I/O and no clock: events go in, and the same events without their secrets come out. `shipped` holds the patterns that
come with us, `pattern` is one of them at work, `names` knows the fields that are secret by their name, and `redactor`
puts all of it to an event.
"""

from engine.redaction.checks import CHECKS
from engine.redaction.pattern import Pattern
from engine.redaction.redactor import BY_NAME, EXEMPT, REPLACEMENT, Redactor
from engine.redaction.shipped import SHIPPED

__all__ = ["BY_NAME", "CHECKS", "EXEMPT", "REPLACEMENT", "SHIPPED", "Pattern", "Redactor"]
