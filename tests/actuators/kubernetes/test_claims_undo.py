"""What undoes an act on a cluster, and when it does not: on the stand-in, or on a real one."""

import pytest

from actuators.kubernetes.resources import DEPLOYMENTS
from schemas.plugins import ConditionFailed
from tests.actuators.kubernetes.ground import ENV, OTHER, Ground


async def test_what_was_scaled_is_as_it_was_after_its_undo(place: Ground) -> None:
    """As many replicas as before, by their number and once; not after somebody else has scaled it since."""
    web = await place.deploy("web")
    effect = await place.do("scale", web, replicas=3)
    await place.available("web", 3)
    await place.undo(effect.undo)
    await place.available("web", 2)
    effect = await place.do("scale", web, replicas=3)
    await place.patch(DEPLOYMENTS, "web", "/spec/replicas", 4)
    await place.available("web", 4)
    with pytest.raises(ConditionFailed):
        await place.undo(effect.undo, known=False)
    await place.available("web", 4)


async def test_a_rollback_is_undone_by_the_name_of_what_it_left(place: Ground) -> None:
    """The version of before is back; then the way back is what it was, so that another rollback takes it again."""
    web = await place.deploy("web")
    await place.patch(DEPLOYMENTS, "web", ENV, OTHER)
    await place.until(lambda: _revision(place, web, "2"), "the second revision")
    await place.available("web", 2)
    effect = await place.do("rollback", web)
    await place.until(lambda: _revision(place, web, "3"), "the third revision")
    await place.undo(effect.undo)
    await place.until(lambda: _revision(place, web, "4"), "the fourth revision")
    assert [each["spec"]["containers"][0].get("env") for each in await place.living("web")] == [OTHER, OTHER]
    assert (await place.attributes(web))["previous_revision"] == "3"
    with pytest.raises(ConditionFailed):
        await place.undo(effect.undo, known=False)


async def _revision(place: Ground, target: str, revision: str) -> bool:
    return (await place.attributes(target)).get("revision") == revision
