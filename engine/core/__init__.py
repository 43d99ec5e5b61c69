"""The decision core: a deterministic function of the journal. No I/O, no clock, no randomness.

Read in this order: `messages` (what comes in), `program` (the rules), `state` (what is kept) and `remediation` (of a
ladder), `effects` (what goes out), `step` (the loop of one message), then `evaluate` (samples → alert transitions) and
`decide` (transitions, outcomes, control → commands) with `ladder`, the table of where a ladder goes: `taking` a step
asks `guardrails`, `resolve` and `approvals`, `answering` and `verification` say what came of it, `moves` are their
answers. `policy` is what bounds acts, `acting` and `tallies` remember them. `steps` and `playbooks` are what takes
several acts, `scaling` has replicas follow metrics, and `explain` says why a rule has not acted.
"""
