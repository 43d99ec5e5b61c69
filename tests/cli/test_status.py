"""What `status` says of what the engine tells it."""

from typing import Any

import pytest

from engine.cli.status import MOST_LEFT_OUT, MOST_TARGETS, of_engine


def engine(**rules: Any) -> dict[str, Any]:
    none = {"alert": 1, "record": 2, "event": 3779, "heal": 0, "respond": 1, "refused": [], "failing": {}}
    of_nothing: dict[str, Any] = {"halts": {}, "inventory": {}, "url": None, "settling": False}
    return {"journal_seq": 7, "lag_ms": 3, "series": 4, "events": 5, "rules": none | rules, **of_nothing}


def test_rules_of_all_kinds_are_counted() -> None:
    """Somebody who has dropped thousands of Sigma rules into the folder sees that they are there."""
    assert ("rules", "1 alert, 2 recording, 3779 event, 0 heal, 1 respond") in list(of_engine(engine()))


def test_sigma_rules_that_are_left_out_are_told_with_their_reasons() -> None:
    """A rule that is not run must not look as if it were; of very many the first are told, and how many there are."""
    reasons = [f"rules/{number}.yml:3:1: detection: no" for number in range(MOST_LEFT_OUT + 5)]
    told = list(of_engine(engine(left_out=reasons)))
    at = told.index(("LEFT OUT", "15 Sigma rules; all others are active"))
    assert told[at + 1] == ("", reasons[0])
    assert told[at + 1 + MOST_LEFT_OUT] == ("", "and 5 more: see `reflexarc rules check`")
    assert ("LEFT OUT", "1 Sigma rule; all others are active") in list(of_engine(engine(left_out=reasons[:1])))


def test_what_people_have_stopped_is_told_with_whose_word_it_was() -> None:
    """An emergency, and halts: whoever looks why nothing happens sees it first."""
    told = list(of_engine(engine() | {"emergency": "ann: fire", "halts": {"*": "bob: looking"}}))
    assert ("EMERGENCY", "only people act, and the rules that the policy lists: by ann: fire") in told
    assert ("HALTED", "everything, by bob: looking") in told


def test_who_refuses_all_that_is_commanded_is_told() -> None:
    """For what is held, or asked about, still looks well then."""
    told = list(of_engine(engine() | {"disbelieved_by": ["process/web1"], "key": "4f2a"}))
    assert ("REFUSED", "all commands, by process/web1: it does not list this engine's key 4f2a") in told


@pytest.mark.parametrize(("policy", "said"), [("rules/policy.yaml", "rules/policy.yaml"), (None, "none: modes")])
def test_that_there_is_no_policy_is_told(policy: str | None, said: str) -> None:
    """One that a checkout has lost must not go unnoticed."""
    ((_, told),) = [line for line in of_engine(engine() | {"policy": policy}) if line[0] == "policy"]
    assert told.startswith(said)


def test_of_thousands_of_targets_some_are_told() -> None:
    """And how many there are beside."""
    pods = [f"pod:shop/{number}" for number in range(MOST_TARGETS + 7)]
    ((_, said),) = [
        line for line in of_engine(engine() | {"inventory": {"kubernetes/c1": pods}}) if line[0] == "targets"
    ]
    assert said.endswith(f"pod:shop/{MOST_TARGETS - 1} and 7 more")
