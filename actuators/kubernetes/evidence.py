"""`collect`: looks at a workload or a pod, and puts what it saw into the evidence of the host.

Nothing is changed. No Secret is read, and of an environment only what does not stand there as a value. A bundle is
named by its command, so that a command carried out twice leaves one.
"""

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from actuators import bundle
from actuators.bundle import Member
from actuators.kubernetes.acts import Found
from actuators.kubernetes.course import Course
from actuators.kubernetes.described import described
from actuators.kubernetes.resources import EVENTS, NODES, PODS, Ref, selector_text
from schemas.cluster.api import ApiError, Unanswered, Unreached
from schemas.kubernetes import Object
from schemas.plugins import ActuatorContext, Effect, EffectFailed

KINDS = ("manifests", "describe", "events", "logs")
_MOST_PODS = 50
_LEFT_OUT = "[left out]"
_WIDE = 8
"""So many times as much as there is room for is asked of a log."""
_FOR_THE_BUNDLE_S = 15.0
"""Of the verb's time, for what is not logs."""


class Collect:
    """`limit_bytes` is kept of each kind, and of the logs of all containers together."""

    def __init__(self, context: ActuatorContext, limit_bytes: int) -> None:
        self._context = context
        self._limit_bytes = limit_bytes

    async def perform(self, course: Course, ref: Ref) -> Effect:
        if kept := await self._context.evidence.find(course.command.id):
            return bundle.kept(kept)
        found = await course.there(ref)
        missing: dict[str, str] = {}
        pods = await _unless_missing("pods", _pods_of(course, ref, found), missing)
        nodes = await _unless_missing("nodes", _nodes_of(course, pods), missing)
        taken_ms = self._context.now_ms()
        others = [pod for pod in pods if pod is not found]
        members = await self._look(course, [found, *others, *nodes], pods, missing)
        if not members:
            raise EffectFailed(f"nothing of it is available: {bundle.listed(missing)}")
        command = course.command
        about = {name: getattr(command, name) for name in ("target", "scope", "summary", "ladder")}
        about |= {"command": command.id, "origin": command.origin.name, "taken_ms": taken_ms, "missing": missing}
        content = bundle.pack(members, about, taken_ms // 1000)
        await course.gate()
        if there := await self._context.evidence.find(command.id):
            return bundle.kept(there)  # Another was faster, and its outcome names what it has kept.
        kept = await self._context.evidence.put(command.id, content)
        return bundle.kept(kept, f"{len(members)} kinds", missing)

    async def observe(self, course: Course, ref: Ref) -> Found:  # noqa: ARG002 - what it left is with the host
        kept = await self._context.evidence.find(course.command.id)
        return "absent" if kept is None else bundle.kept(kept)

    async def _look(
        self, course: Course, objects: Sequence[Object], pods: Sequence[Object], missing: dict[str, str]
    ) -> list[Member]:
        """The members of the bundle; of what is `missing` it is told why."""
        members: list[Member] = []
        events = await _unless_missing("events", _events(course, objects), missing)
        for kind in dict.fromkeys(course.command.args.get("evidence") or KINDS):
            match kind:
                case "manifests":
                    members.append(bundle.records(kind, map(without_values, objects), self._limit_bytes))
                case "describe":
                    text = "\n\n".join(described(found, events) for found in objects)
                    members.append(bundle.text(kind, text.encode()[: self._limit_bytes], cut=False))
                case "events":
                    members.append(bundle.records("kubernetes-events", events, self._limit_bytes))
                case "logs":
                    members += [each async for each in self._logs(course, pods, missing)]
                case _:
                    missing[kind] = f"there is no such evidence; there are {', '.join(KINDS)}"
        if alerts := course.command.args.get("events"):
            told = str(course.command.args.get("event", "")).splitlines()
            named = zip_longest(alerts, told[: len(alerts)], fillvalue="")
            about = ({"id": event, "event": text} for event, text in named)
            members.append(bundle.records("events", about, self._limit_bytes))
        return members

    async def _logs(self, course: Course, pods: Sequence[Object], missing: dict[str, str]) -> AsyncIterator[Member]:
        """The end of each container's log, and of the one before it where it was started again. A node that does not
        answer is asked once."""
        containers = [(pod, name, previous) for pod in pods for name, previous in _containers(pod)]
        silent: dict[str, str] = {}
        for pod, name, previous in containers:
            meta, node = pod["metadata"], pod["spec"].get("nodeName", "")
            about = f"logs.{meta['name']}.{name}" + (".previous" if previous else "")
            query = {"container": name} | ({"previous": "true"} if previous else {})
            path = PODS.path(meta["namespace"], meta["name"], "log")
            if node in silent or course.left_s < _FOR_THE_BUNDLE_S:
                missing[about] = silent.get(node, "no time was left for it")
                continue
            try:
                yield await _end_of_log(course, about, path, query, self._limit_bytes // len(containers))
            except ApiError as error:
                missing[about] = str(error)
            except (Unanswered, Unreached) as error:
                missing[about] = silent[node] = str(error)


async def _end_of_log(course: Course, about: str, path: str, query: Mapping[str, str], room: int) -> Member:
    """The last `room` bytes, from a whole line on. Of the lines that it is asked for a node tells the first bytes, so
    where these do not suffice it is asked for fewer lines."""
    lines, most = max(10, room // 100), _WIDE * room
    while True:
        found = (await course.api.text(path, **query, tailLines=str(lines), limitBytes=str(most))).encode()
        if len(found) < most or lines == 1:
            break
        lines = max(1, lines // _WIDE)
    kept = found[-room:]
    if len(found) > room:
        kept = kept.partition(b"\n")[2] or kept
    return Member(f"{about}.txt", kept, cut=len(found) > room or found.count(b"\n") >= lines)


async def _unless_missing(what: str, asked: Awaitable[list[Object]], missing: dict[str, str]) -> list[Object]:
    """Nothing where it cannot be had, as where it may not be read: the rest is evidence all the same."""
    try:
        return await asked
    except EffectFailed as error:
        missing[what] = str(error)
        return []


async def _pods_of(course: Course, ref: Ref, found: Object) -> list[Object]:
    """The pods that it is about."""
    if ref.kind == "pod":
        return [found]
    labels = selector_text(found["spec"].get("selector") or {})
    listed = await course.items(PODS.path(ref.namespace), labelSelector=labels)
    return [{"apiVersion": "v1", "kind": "Pod", **pod} for pod in listed[:_MOST_PODS]]  # a list says it once for all


async def _nodes_of(course: Course, pods: Sequence[Object]) -> list[Object]:
    """The nodes that the pods are on."""
    names = sorted({pod["spec"].get("nodeName") or "" for pod in pods} - {""})
    found = [await course.read(NODES.path("", name)) for name in names]
    return [node for node in found if node is not None]


async def _events(course: Course, objects: Sequence[Object]) -> list[Object]:
    """Those about the objects, in their namespace."""
    uids = {found["metadata"]["uid"] for found in objects}
    listed = await course.items(EVENTS.path(objects[0]["metadata"]["namespace"]))
    return [each for each in listed if (each.get("involvedObject") or {}).get("uid") in uids]


def _containers(pod: Object) -> Iterator[tuple[str, bool]]:
    status = pod.get("status") or {}
    restarted = {
        each["name"]
        for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
        if each.get("restartCount")
    }
    spec = pod["spec"]
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        yield container["name"], False
        if container["name"] in restarted:
            yield container["name"], True


def without_values(found: Any) -> Any:
    """An object as it is, but for the values of its environment and what `kubectl apply` keeps a copy of them in."""
    if isinstance(found, list):
        return [without_values(each) for each in found]
    if not isinstance(found, dict):
        return found
    kept = {
        name: without_values(value)
        for name, value in found.items()
        if name not in ("managedFields", "kubectl.kubernetes.io/last-applied-configuration")
    }
    if isinstance(kept.get("env"), list):
        kept["env"] = [{**each, "value": _LEFT_OUT} if "value" in each else each for each in kept["env"]]
    return kept
