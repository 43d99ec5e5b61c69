"""`evict` and `delete_pod`: a pod of a certain uid is gone.

A pod that is gone keeps no mark, so the command leaves one beside it, before it ends it: an Event about the pod, named
by the command, which outlives the pod by as long as the cluster keeps events (an hour, where nobody set it otherwise).
A pod of the same name has another uid, and every request says which it means: ending it again ends nothing else.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from actuators.kubernetes.acts import Found, look
from actuators.kubernetes.api import exists_already
from actuators.kubernetes.course import Course
from actuators.kubernetes.marks import BEFORE
from actuators.kubernetes.resources import EVENTS, PODS, Ref, annotations_of
from actuators.kubernetes.rollout import is_ending
from schemas.cluster.api import ApiError, Unanswered
from schemas.kubernetes import Object
from schemas.plugins import ConditionFailed, Effect, EffectFailed

SEVERAL_BUDGETS = "more than one PodDisruptionBudget"
GOING = "NamespaceTerminating"
"""Why nothing is made any more in a namespace, evictions neither: it is being removed with all that is in it."""
_NAME = "reflexarc-"
"""Before the command's id: the name of an event."""


class Ending:
    """Ends a pod, by eviction or by deletion. `now_ms` is the time of the events."""

    def __init__(self, now_ms: Callable[[], int], *, evict: bool) -> None:
        self._now_ms = now_ms
        self._evict = evict

    async def perform(self, course: Course, ref: Ref) -> Effect:
        found = await course.find(ref)
        if found is None or found["metadata"]["uid"] != course.command.condition.get("uid", found["metadata"]["uid"]):
            # If it was this command, its event was there before the pod was gone.
            if event := await course.read(_event_path(course, ref)):
                return _gone(event)
            if found is None:
                raise ConditionFailed({}, f"{ref.id} is gone")
            raise ConditionFailed(await look(course, ref, found), f"{ref.id} is another pod now")
        before = await look(course, ref, found)
        course.check(before)
        event = await self._leave_mark(course, ref, found, before)
        await self.end(course, ref, found)
        return _gone(event)

    async def observe(self, course: Course, ref: Ref) -> Found:
        found = await course.find(ref)
        event = await course.read(_event_path(course, ref))
        if event is None:
            return "absent"
        there = found is not None and found["metadata"]["uid"] == event["involvedObject"]["uid"]
        return "begun" if there else _gone(event)

    async def end(self, course: Course, ref: Ref, found: Object, *, leave: Callable[[], bool] = lambda: False) -> None:
        """End this very pod and wait until it is gone, unless something else does so first. Where `leave` says so it is
        enough that it is to end, as where its node is away and nobody can say that it has."""
        uid, pod = found["metadata"]["uid"], found
        while True:
            answered = None
            if not is_ending(pod) or self._is_sooner(course, pod):
                await course.gate()
                answered = await course.write(self._request(course, ref, uid), f"{self._word} of {ref.id}")
            now = await course.find(ref)
            if now is None or now["metadata"]["uid"] != uid:
                course.settled()
                return
            pod = now
            if is_ending(pod):
                course.settled()
                if leave():
                    return
                await course.look_again(_still_ending(course, ref, pod))
            elif answered is not None:
                await course.look_again(f"{ref.id} was to end, and does not")

    def _is_sooner(self, course: Course, pod: Object) -> bool:
        """Whether a pod that is ending already is to end sooner: at once, say, on a node that is away."""
        grace_s = course.command.args.get("grace_period_s")
        return grace_s is not None and max(0, grace_s) < pod["metadata"].get("deletionGracePeriodSeconds", 0)

    @property
    def _word(self) -> str:
        return "eviction" if self._evict else "deletion"

    async def _request(self, course: Course, ref: Ref, uid: str) -> Object:
        options: Object = {"preconditions": {"uid": uid}}
        grace_s = course.command.args.get("grace_period_s")
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        if not self._evict:
            return await course.api.delete(ref.path, options)
        meta = {"name": ref.name, "namespace": ref.namespace}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta, "deleteOptions": options}
        return await _final(course.api.post(PODS.path(ref.namespace, ref.name, "eviction"), body))

    async def _leave_mark(self, course: Course, ref: Ref, found: Object, before: Mapping[str, Any]) -> Object:
        now = datetime.fromtimestamp(self._now_ms() / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        command = course.command
        about = {"apiVersion": "v1", "kind": "Pod", "namespace": ref.namespace, "name": ref.name}
        event: Object = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": _NAME + command.id,
                "namespace": ref.namespace,
                "annotations": {BEFORE: json.dumps(before)},
            },
            "involvedObject": {**about, "uid": found["metadata"]["uid"]},
            "type": "Normal",
            "reason": "Evicting" if self._evict else "Deleting",
            "message": f"{self._word} asked for by {command.origin.name}, command {command.id}: {command.summary}",
            "source": {"component": "reflexarc"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        while True:
            await course.gate()
            made = exists_already(course.api.post(EVENTS.path(ref.namespace), event), event)
            if (answer := await course.write(made, "the event")) is None:
                continue
            if answer is not event:
                return event
            # Left before the effect, it knows better how the pod was than who took over.
            return await course.read(_event_path(course, ref)) or event


async def _final(sent: Awaitable[Object]) -> Object:
    """The answer. That several budgets cover a pod is told as an error of the server, but is final; that its namespace
    is going is told as a refusal, but the pod goes with that."""
    try:
        return await sent
    except (ApiError, Unanswered) as error:
        if SEVERAL_BUDGETS in str(error):
            raise EffectFailed(str(error)) from error
        if isinstance(error, ApiError) and GOING in error.causes:
            return {}
        raise


def _still_ending(course: Course, ref: Ref, pod: Object) -> str:
    node = str(pod["spec"].get("nodeName") or "")
    away = f", and its node {node} is away" if course.knowledge.is_away(node) else ""
    return f"{ref.id} is still ending{away}"


def _event_path(course: Course, ref: Ref) -> str:
    return EVENTS.path(ref.namespace, _NAME + course.command.id)


def _gone(event: Object) -> Effect:
    before = json.loads(annotations_of(event).get(BEFORE, "{}"))
    return Effect(before=before, after={}, detail="it is gone")
