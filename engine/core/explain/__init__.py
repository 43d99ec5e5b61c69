"""Why a rule has not acted on a target, or not yet: told out of the state, which stays as it is.

What would be done is supposed, on a ladder that nobody keeps, and every guardrail is asked about it: not the first
that objects, as when it is decided, but all of them. So what is told here and what is decided cannot differ.

    names      which rule, and which target, is meant
    supposed   the ladder that the rule would climb
    verdicts   what each guardrail says of it
    standing   where the rule's running ladders are
    nearest    the alerts that it acts on, and what is missing for them to fire
    scene      all of that for one rule and one target
    causes     which of it is why, in the order of what matters
"""

from engine.core.explain.causes import explain
from engine.core.explain.told import Explanation, Nearest, Standing, Verdict, Why

__all__ = ["Explanation", "Nearest", "Standing", "Verdict", "Why", "explain"]
