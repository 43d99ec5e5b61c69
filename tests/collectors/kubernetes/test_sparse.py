"""Objects of which anything may be missing: what an API leaves out, or says to be null, stops nobody."""

import copy
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actuators.kubernetes.rollout import rollout, troubles
from actuators.kubernetes.targets import Catalogue
from collectors.kubernetes.cluster import RENDERED
from collectors.kubernetes.events import event_of
from collectors.series import Metric
from schemas.kubernetes import Object
from tests.collectors.kubernetes.whole import EVENT, KEPT, WHOLE, Path

_WORKLOADS = {"deployments": "deployment", "statefulsets": "statefulset", "daemonsets": "daemonset"}


def paths_in(found: Any, above: Path = ()) -> Iterator[Path]:
    """Of every member and item, but for those without which it is no object of the API."""
    members = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, value in members:
        path = (*above, key)
        if path not in KEPT:
            yield path
        yield from paths_in(value, path)


def without(found: Object, missing: list[tuple[Path, bool]]) -> Object:
    """A copy without these; where it says True, with null in the place of what is no number and no text."""
    sparse = copy.deepcopy(found)
    for (*within, last), null in missing:
        parent: Any = sparse
        for key in within:
            there = isinstance(parent, list) or (isinstance(parent, dict) and key in parent)
            parent = parent[key] if there else None
        if isinstance(parent, dict) and last in parent:
            if null and isinstance(parent[last], dict | list):
                parent[last] = None
            else:
                del parent[last]
    return sparse


def sparse(found: Object) -> st.SearchStrategy[Object]:
    paths = [path for path in paths_in(found) if isinstance(path[-1], str)]
    return st.lists(st.tuples(st.sampled_from(paths), st.booleans()), max_size=12).map(
        lambda each: without(found, each)
    )


def checked(metrics: Iterator[Metric]) -> int:
    """How many there are, each once, of labels that are texts and of a value that is a number."""
    keys = []
    for name, pairs, value in metrics:
        assert all(isinstance(label, str) and isinstance(text, str) for label, text in pairs)
        assert isinstance(value, float)
        assert not math.isnan(value)
        keys.append((name, frozenset(pairs)))
    assert len(keys) == len(set(keys))
    return len(keys)


@pytest.mark.parametrize("plural", RENDERED)
def test_each_field_alone_may_be_missing(plural: str) -> None:
    """Or null; and without all of them there is something to say still."""
    whole = WHOLE[plural]
    for path in paths_in(whole):
        for null in (False, True):
            assert checked(iter(RENDERED[plural](without(whole, [(path, null)]), ("*",))))
    assert checked(iter(RENDERED[plural]({"metadata": {"name": "a", "namespace": "b", "uid": "c"}}, ())))


@pytest.mark.parametrize("plural", RENDERED)
@given(data=st.data())
def test_any_of_them_may(plural: str, data: st.DataObject) -> None:
    """At once."""
    checked(iter(RENDERED[plural](data.draw(sparse(WHOLE[plural])), ("*",))))


@given(sparse(EVENT))
def test_an_event_is_one_whatever_it_lacks(found: Object) -> None:
    """It has an id, and a place to go on from."""
    event = event_of(found, {"cluster": "prod"})
    assert (event.id, event.file) == ("e1:41", "41")


@given(data=st.data())
def test_the_inventory_knows_what_it_can(data: st.DataObject) -> None:
    """Every object is a target, however little it says of itself, and whatever people write into annotations."""
    drawn = {plural: data.draw(sparse(WHOLE[plural])) for plural in (*_WORKLOADS, "pods", "nodes", "replicasets")}
    noted = (drawn["deployments"]["metadata"].get("annotations") or {}).keys()
    for name in noted & data.draw(st.sets(st.sampled_from(sorted(noted))) if noted else st.just(set())):
        drawn["deployments"]["metadata"]["annotations"][name] = data.draw(st.text())
    known = {plural: {("shop", str(found["metadata"]["name"])): found} for plural, found in drawn.items()}
    targets = {each.id for each in Catalogue(known, "app.kubernetes.io/name", ()).targets()}
    assert {"deployment:shop/web", "statefulset:shop/db", "daemonset:shop/agent", "pod:shop/web-1"} <= targets
    for plural, kind in _WORKLOADS.items():
        assert rollout(kind, drawn[plural]).detail
    troubles([drawn["pods"]])
