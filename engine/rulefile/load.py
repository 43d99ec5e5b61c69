"""From the texts of rule files to a program: read all, check all, and only then build."""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from engine.core.program import Program
from engine.core.verbs import Verbs
from engine.rulefile import crosscheck, event_rules, ladders, nodes, playbooks, policy, scaling, sigma
from engine.rulefile.acts import Offered
from engine.rulefile.build import build, digest_of
from engine.rulefile.checks import Checks, ChecksOfRuns
from engine.rulefile.errors import RuleError, RuleErrors
from engine.rulefile.inline import inline
from engine.rulefile.sigma_cache import SigmaCache
from engine.rulefile.structure import Reader
from engine.sigma.model import SigmaRule


@dataclass(frozen=True, slots=True)
class Loaded:
    """A program, and what its authors ought to know. `left_out` are rules of Sigma files that cannot be run, each
    with the reason; none of the others depends on them.
    """

    program: Program
    sigma: tuple[SigmaRule, ...] = ()
    left_out: tuple[RuleError, ...] = ()
    notes: tuple[RuleError, ...] = ()


def load(files: Mapping[str, str], verbs: Verbs) -> Program:
    """The program of rule files (path → text), for the verbs that the actuators offer (by name).

    The same files give the same program. Raises RuleErrors with every mistake in them.
    """
    loaded = load_all(files, verbs, SigmaCache())
    if loaded.left_out:
        raise RuleErrors(loaded.left_out)
    return loaded.program


def load_all(files: Mapping[str, str], verbs: Verbs, cache: SigmaCache) -> Loaded:
    """The program of all rules that can be run. Raises RuleErrors with every mistake in files of our own format."""
    policies, others = policy.split(files)
    plays, rules = playbooks.split(others)
    sorts = sigma.sort(rules)
    checks, checks_of_runs = Checks(), ChecksOfRuns()
    reader, reader_of_runs = Reader(checks), Reader(checks_of_runs)
    groups = [group for path, text in sorted(sorts.ours.items()) for group in reader.file(path, text)]
    own = inline(groups)
    found = sigma.read(sorts, own, cache)
    bounds, wrong = policy.read(reader, policies)
    people = policy.groups_of(bounds)
    books = playbooks.read(reader_of_runs, plays)
    errors = [
        *reader.errors,
        *reader_of_runs.errors,
        *wrong,
        *policy.unknown_rules(bounds, groups, [book.title for book in books]),
        *policy.unknown_verbs(bounds, verbs),
        *found.errors,
        *crosscheck.repeated_groups(groups),
        *crosscheck.repeated_ladders(groups),
        *ladders.check(groups, found.rules, Offered(verbs, playbooks.offered(books), checks)),
        *scaling.check(groups, verbs, checks),
        *playbooks.check(books, verbs, checks_of_runs, people),
    ]
    if errors:
        raise RuleErrors([*errors, *found.left_out])
    program = build(groups, verbs, digest_of((part for file in sorted(files.items()) for part in file), size=16))
    events, counters = event_rules.built(found.rules, own, len(program.alerts) + len(program.records))
    program = replace(
        program,
        events=events,
        counters=counters,
        policy=policy.build(bounds),
        playbooks=playbooks.build(books, verbs, people),
        zones=program.zones | policy.zones(bounds),
    )
    return Loaded(program, found.rules, found.left_out, (*found.notes, *nodes.notes(program, checks)))
