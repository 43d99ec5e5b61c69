"""From the texts of rule files to a program: read all, check all, and only then build."""

from collections.abc import Mapping

from engine.core.program import Program, Verb
from engine.rulefile import crosscheck, ladders
from engine.rulefile.build import build, digest_of
from engine.rulefile.checks import Checks
from engine.rulefile.errors import RuleErrors
from engine.rulefile.structure import Reader


def load(files: Mapping[str, str], verbs: Mapping[str, Verb]) -> Program:
    """The program of rule files (path → text), for the verbs that the actuators offer (by name).

    The same files give the same program. Raises RuleErrors with every mistake in them.
    """
    checks = Checks()
    reader = Reader(checks)
    groups = [group for path, text in sorted(files.items()) for group in reader.file(path, text)]
    errors = [
        *reader.errors,
        *crosscheck.repeated_groups(groups),
        *crosscheck.repeated_ladders(groups),
        *ladders.check(groups, verbs, checks),
    ]
    if errors:
        raise RuleErrors(errors)
    return build(groups, verbs, digest_of((part for file in sorted(files.items()) for part in file), size=16))
