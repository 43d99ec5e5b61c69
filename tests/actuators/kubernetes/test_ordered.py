"""At which pod a StatefulSet stands still for good, and where it goes on by itself."""

from typing import Any

import pytest

from actuators.kubernetes.ordered import in_the_way
from schemas.kubernetes import Object

OLD, NEW = "db-1a", "db-2b"


def stateful_set(**spec: Any) -> Object:
    status = {"observedGeneration": 2, "updateRevision": NEW}
    return {"metadata": {"name": "db", "uid": "u", "generation": 2}, "spec": spec, "status": status}


def pod(ordinal: int, revision: str, *, ready: bool = True, ending: bool = False, owner: str = "u") -> Object:
    meta: dict[str, Any] = {"name": f"db-{ordinal}", "labels": {"controller-revision-hash": revision}}
    meta |= {"ownerReferences": [{"uid": owner, "controller": True}]}
    if ending:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    status = {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    return {"metadata": meta, "status": status}


ROLLING = [pod(0, OLD), pod(1, OLD, ready=False), pod(2, NEW)]


def test_the_first_that_is_not_ready_and_of_an_earlier_template_is_in_the_way() -> None:
    """In the order of their numbers, of which the tenth comes after the second."""
    pods = [pod(10, OLD, ready=False), pod(2, OLD, ready=False), *(pod(n, OLD) for n in (0, 1))]
    found = in_the_way(stateful_set(), pods)
    assert found is not None
    assert found["metadata"]["name"] == "db-2"


@pytest.mark.parametrize(
    ("owner", "pods"),
    [
        pytest.param(stateful_set(), [pod(0, OLD), pod(1, OLD)], id="all are ready: the rollout takes them in turn"),
        pytest.param(stateful_set(), [*ROLLING, pod(3, NEW, ready=False)], id="one of the new is about to be ready"),
        pytest.param(stateful_set(), [*ROLLING, pod(3, OLD, ending=True)], id="one is being replaced"),
        pytest.param(stateful_set(), [pod(1, NEW, ready=False)], id="the new template is the bad one"),
        pytest.param(stateful_set(), [pod(1, OLD, ready=False, owner="x")], id="another's pod"),
        pytest.param(stateful_set(podManagementPolicy="Parallel"), ROLLING, id="it waits for none of them"),
        pytest.param(
            stateful_set(updateStrategy={"rollingUpdate": {"partition": 2}}), ROLLING, id="below the partition"
        ),
        pytest.param(
            stateful_set(updateStrategy={"rollingUpdate": {"partition": 1}}, ordinals={"start": 1}),
            ROLLING,
            id="below the partition, counted from its first",
        ),
        pytest.param(
            {**stateful_set(), "metadata": {"name": "db", "uid": "u", "generation": 3}}, ROLLING, id="not yet seen"
        ),
    ],
)
def test_what_goes_on_by_itself_has_nothing_in_the_way(owner: Object, pods: list[Object]) -> None:
    """Nor has what would come back as it was."""
    assert in_the_way(owner, pods) is None
