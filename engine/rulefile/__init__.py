"""Rule files to a checked `Program`. What a rule does is `engine.core`'s; nothing here runs one.

Every mistake of the author's is found in one go and said as `file:line:col: group "…", rule "…": field: …`.

Read in this order: `load` (the whole of it), `yamlparse` (text → nodes with positions), `structure` (nodes → the models
of `schemas.rulefile`), `checks` (PromQL and templates), `acts` (verbs and their arguments), `crosscheck`, `ladders` and
`scaling` (what takes more than one field or rule), `zones` (the calendar), `build` (models → Program), `playbooks` with
`parameters` and `playbook_steps`. Rules over events go another way: `sigma` (which
files are Sigma's), `inline` (those in our own files, as Sigma documents), `sigma_cache` (documents → Sigma rules),
`event_rules` (Sigma rules → Program). `edit` changes the mode of a rule in the text of its file. Only `files`, `zones`
and the cache touch the disk.
"""

from engine.rulefile.errors import RuleError, RuleErrors
from engine.rulefile.files import read, state_of
from engine.rulefile.load import Loaded, load, load_all
from engine.rulefile.sigma_cache import SigmaCache

__all__ = ["Loaded", "RuleError", "RuleErrors", "SigmaCache", "load", "load_all", "read", "state_of"]
