"""Events of those who know nothing of us: what Fluent Bit, Vector, winlogbeat and others publish as JSON.

From the outside in: `intake` makes events of decoded JSON, whatever its form; `recognise` says by a table whose record
an object is, and with that its log source; `falco`, `cloud`, `network`, `linux` and `windows` know the forms. All of it
is pure, so that a replay makes the same events of the same message.
"""
