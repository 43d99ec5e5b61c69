"""Rule files to a checked `Program`. What a rule does is `engine.core`'s; nothing here runs one.

Every mistake of the author's is found in one go and said as `file:line:col: group "…", rule "…": field: …`.

Read in this order: `load` (the whole of it), `yamlparse` (text → nodes with positions), `structure` (nodes → the models
of `schemas.rulefile`), `checks` (PromQL and templates), `crosscheck` and `ladders` (what takes more than one rule),
`build` (models → Program). Only `files` touches the disk.
"""

from engine.rulefile.errors import RuleError, RuleErrors
from engine.rulefile.files import read
from engine.rulefile.load import load

__all__ = ["RuleError", "RuleErrors", "load", "read"]
