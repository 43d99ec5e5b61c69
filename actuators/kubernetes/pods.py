"""`evict` and `delete_pod`: a pod of a certain uid is gone.

A pod that is gone keeps no mark. But it never comes back: one of the same name has another uid, and every request says
which it means. So ending it again ends nothing else, and that it is gone is all that was asked for; by whom, if the
actuator died over it, only the API server's audit log can tell, which has the command's id as part of the user agent.
"""

from collections.abc import Awaitable

from actuators.kubernetes.acts import Found, look
from actuators.kubernetes.course import Course
from actuators.kubernetes.resources import PODS, Object, Ref
from actuators.kubernetes.rollout import is_ending
from actuators.kubernetes.targets import attributes
from schemas.plugins import Effect, EffectFailed

SEVERAL_BUDGETS = "more than one PodDisruptionBudget"


class Ending:
    """Ends a pod, by eviction or by deletion."""

    def __init__(self, *, evict: bool) -> None:
        self._evict = evict

    async def perform(self, course: Course, ref: Ref) -> Effect:
        found = await course.there(ref)
        course.check(await look(ref, found))
        await self.end(course, ref, found)
        return _gone(found)

    async def observe(self, course: Course, ref: Ref) -> Found:
        uid = course.command.condition.get("uid")
        if uid is None:
            return "unmarked"
        found = await course.find(ref)
        if found is None or found["metadata"]["uid"] != uid:
            return Effect(before={"uid": uid}, after={"uid": None}, detail="it is gone; by whom the API does not tell")
        return "begun" if is_ending(found) else "absent"

    async def end(self, course: Course, ref: Ref, found: Object) -> None:
        """End this very pod and wait until it is gone, unless something else does so first."""
        uid, pod = found["metadata"]["uid"], found
        while True:
            if not is_ending(pod):
                await course.gate()
                await course.write(
                    self._request(course, ref, uid), f"{'eviction' if self._evict else 'end'} of {ref.id}"
                )
            now = await course.find(ref)
            if now is None or now["metadata"]["uid"] != uid:
                course.settled()
                return
            pod = now
            if is_ending(pod):
                course.settled()
                await course.look_again(f"{ref.id} is still ending")

    async def _request(self, course: Course, ref: Ref, uid: str) -> Object:
        options: Object = {"preconditions": {"uid": uid}}
        grace_s = course.command.args.get("grace_period_s")
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        if not self._evict:
            return await course.api.delete(ref.path, options)
        meta = {"name": ref.name, "namespace": ref.namespace}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta, "deleteOptions": options}
        return await _one_budget(course.api.post(PODS.path(ref.namespace, ref.name, "eviction"), body))


async def _one_budget(sent: Awaitable[Object]) -> Object:
    """The answer; that several budgets cover a pod is told as an error of the server, but is final."""
    try:
        return await sent
    except Exception as error:
        if SEVERAL_BUDGETS in str(error):
            raise EffectFailed(str(error)) from error
        raise


def _gone(found: Object) -> Effect:
    before = attributes("pod", found)
    return Effect(before=before, after={"uid": None}, detail=f"{found['metadata']['name']} is gone")
