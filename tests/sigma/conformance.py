"""`python -m tests.sigma.conformance`: what becomes of the rules, cases and samples of others.

Read in place from the corpora. Exit 1 when a case has another verdict, a sample is not understood, or too many
rules are refused.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from engine.rulefile.sigma_pipelines import shipped
from engine.sigma.documents import Document, SigmaProblem
from engine.sigma.matcher import Matcher
from engine.sigma.model import Detection, SigmaRule
from engine.sigma.parse import Parser, parse
from engine.sigma.translation import Translation
from tests.sigma import naive
from tests.sigma.reading import documents

CORPORA = Path(os.environ.get("REFLEXARC_CORPORA") or Path(__file__).parents[2] / "../shared/corpora")
NEEDED = ("sigma", "sigma-cases", "sigma-correlations", "sigma-spec")
MOST_REFUSED = 0.005

_PLACEHOLDER = re.compile(r'"(\w+)": \{((?:"[^"]*",? ?)+)\}')


class Case(NamedTuple):
    """An event, and whether the rule is true of it."""

    rule: str
    data: dict[str, Any]
    wanted: bool
    placeholders: dict[str, tuple[str, ...]]


def there() -> bool:
    return all((CORPORA / name).is_dir() for name in NEEDED)


def files(folder: Path) -> Iterator[tuple[str, list[Document]]]:
    for path in sorted(folder.rglob("*.yml")):
        name = path.relative_to(folder).as_posix()
        yield name, list(documents(name, path.read_text(encoding="utf-8")))


def all_rules() -> tuple[tuple[SigmaRule, ...], tuple[SigmaProblem, ...]]:
    """The rules of the corpus with our pipelines, and what is wrong with them."""
    every = [document for _, found in files(CORPORA / "sigma") for document in found]
    return parse(every, Translation(shipped()))


def cases() -> list[Case]:
    return [
        Case(
            given["rule"],
            given["fields"] | ({} if given["message"] is None else {"message": given["message"]}),
            given["want"],
            {
                name: tuple(re.findall('"([^"]*)"', values))
                for name, values in _PLACEHOLDER.findall(given["options_go"] or "")
            },
        )
        for given in json.loads((CORPORA / "sigma-cases/cases.json").read_text(encoding="utf-8"))
    ]


def verdict(case: Case) -> bool:
    """Whether the rule is true of the event, read with our pipelines as in production."""
    path = CORPORA / "sigma-cases/testdata" / case.rule
    text = path.read_text(encoding="utf-8")
    (rule,), _ = parse(documents(case.rule, text), Translation(shipped(), case.placeholders))
    assert isinstance(rule.does, Detection)
    found = Matcher([rule.does]).match(case.data, rule.does.logsource) == [0]
    assert found == naive.holds(rule.does.condition, case.data), "the matcher and the naive evaluation disagree"
    return found


def samples() -> dict[str, tuple[SigmaProblem, ...]]:
    """Each sample of the specification and of correlations, with what is not understood of it by itself."""
    parser = Parser(Translation(shipped()))
    folders = (CORPORA / "sigma-correlations", CORPORA / "sigma-spec/tests")
    every = ((f"{folder.name}/{name}", found) for folder in folders for name, found in files(folder))
    return {name: parser.parts(found).problems for name, found in every}


def main() -> int:
    rules, problems = all_rules()
    refused = [problem for problem in problems if problem.refused]
    waiting = [problem for problem in problems if not problem.refused]
    sampled = samples()
    wrong = [case for case in cases() if verdict(case) is not case.wanted]
    lines = [
        f"rules: {len(rules)} loaded, {len(refused)} refused; of the loaded {len(waiting)} wait for placeholders",
        *(f"  {problem}" for problem in (*refused, *waiting)),
        f"cases: {len(cases()) - len(wrong)} as wanted, {len(wrong)} not",
        *(f"  {case.rule}: wanted {case.wanted} of {case.data}" for case in wrong),
        f"samples of correlations, filters and rules: {len(sampled)}",
        *(f"  {name}: {problem}" for name, found in sampled.items() for problem in found),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    too_many = len(refused) > MOST_REFUSED * (len(rules) + len(refused))
    return 1 if wrong or too_many or any(sampled.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
