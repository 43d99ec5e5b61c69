"""The decision core: a deterministic function of the journal. No I/O, no clock, no randomness.

Read in this order: `messages` (what comes in), `program` (the rules), `state` (what is kept), `effects` (what goes
out), `step` (the loop of one message), then `evaluate` (samples → alert transitions) and `decide` (transitions,
outcomes, control → commands) with `ladder`, which asks `guardrails`, `resolve` and `verification`. `explain` tells why
nothing was decided, and decides nothing.
"""
