"""What a cluster of somebody's can show, found out once before claims are tried there: whether it takes our pods, pulls
images and tells logs. What it cannot is a sentence, with which claims are skipped that need it.
"""

import asyncio
import os
import secrets
import shlex
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from actuators.kubernetes.api import Api
from actuators.kubernetes.resources import NODES, PODS
from actuators.kubernetes.rollout import is_ready, troubles
from schemas.cluster.api import ApiError, RequestFailed, Unanswered, Unreached
from schemas.kubernetes import Object, Resource
from tests.kubernetes_server.objects import pod

GOOD = os.environ.get("REFLEXARC_TEST_IMAGE", "registry.k8s.io/pause:3.10")
"""An image that goes on running, as any user."""
BAD = os.environ.get("REFLEXARC_TEST_MISSING_IMAGE", GOOD.partition("@")[0].rpartition(":")[0] + ":bad")
"""One that there is none of."""
COMMAND = shlex.split(os.environ.get("REFLEXARC_TEST_COMMAND", ""))
"""What the good image runs, where it does not go on by itself."""
PATIENCE_S = float(os.environ.get("REFLEXARC_TEST_PATIENCE_S", "180"))
OURS = {"app.kubernetes.io/managed-by": "reflexarc-tests"}
"""On the namespaces that are made."""
NAMESPACES = Resource("", "v1", "namespaces", namespaced=False)
ACCOUNTS = Resource("", "v1", "serviceaccounts")
_LOOK_S = 0.5


@dataclass(frozen=True)
class Survey:
    """Empty, or what is missing: to run pods, to run their containers for real, to tell their logs; and whatever else
    makes it useless (`broken`). Pods that tolerate `tolerations` find a node."""

    broken: str = ""
    pods: str = ""
    containers: str = ""
    logs: str = ""
    tolerations: tuple[Object, ...] = ()


def fit(manifest: Object, tolerations: Iterable[Object] = ()) -> Object:
    """A manifest that a namespace of any level of PodSecurity admits, with an image that there is."""
    spec = manifest.get("spec") or {}
    holder = spec.get("template") or (manifest if "containers" in spec else None)
    if holder is None:
        return manifest
    inner = holder["spec"]
    shared: Object = {
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "tolerations": list(tolerations),
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65535, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    fitted = {**holder, "spec": {**shared, **inner, "containers": [_container(each) for each in inner["containers"]]}}
    return fitted if holder is manifest else {**manifest, "spec": {**spec, "template": fitted}}


def _container(given: Object) -> Object:
    secured = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    resources = {"requests": {"cpu": "1m", "memory": "8Mi"}}
    image = GOOD if given["image"] == "web:1" else given["image"]
    command = {"command": COMMAND} if COMMAND and image == GOOD else {}
    return {"resources": resources, "securityContext": secured, **command, **given, "image": image}


@asynccontextmanager
async def namespace(api: Api, name: str = "") -> AsyncIterator[str]:
    """One of our own, with the account that pods run as, which is removed whatever happens. Raises what `Api` does, and
    `TimeoutError` where nobody makes the account."""
    name = name or f"reflexarc-test-{secrets.token_hex(4)}"
    about = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": OURS}}
    await api.post(NAMESPACES.path(), about)
    try:
        async with asyncio.timeout(PATIENCE_S / 6):
            while not await _there(api, ACCOUNTS.path(name, "default")):
                await asyncio.sleep(_LOOK_S / 10)
        yield name
    finally:
        await _remove(api, NAMESPACES.path("", name))


async def _there(api: Api, path: str) -> bool:
    try:
        await api.get(path)
    except ApiError as error:
        if error.code != 404:
            raise
        return False
    return True


async def _remove(api: Api, path: str) -> None:
    for left in reversed(range(5)):
        try:
            await api.delete(path, {})
        except ApiError:
            return  # It is gone, or going.
        except (Unanswered, Unreached):
            if not left:
                raise
            await asyncio.sleep(_LOOK_S)
        else:
            return


# --- the survey ---

_found: list[Survey] = []


async def surveyed(api: Api) -> Survey:
    """Of the cluster, by the first who asks. Fails the test where it can show nothing at all."""
    if not _found:
        _found.append(await survey(api))
    if _found[0].broken:
        pytest.fail(f"the cluster of KUBECONFIG cannot be tested on: {_found[0].broken}", pytrace=False)
    return _found[0]


async def survey(api: Api, look_s: float = _LOOK_S) -> Survey:
    """By two pods of our own in a namespace of our own, one of them of an image that there is none of. They are looked
    at every `look_s`."""
    try:
        nodes = (await api.get(NODES.path()))["items"]
        async with namespace(api) as name:
            return await _look(api, name, nodes, look_s)
    except TimeoutError:
        return Survey(broken="no controller makes the service account of a new namespace")
    except RequestFailed as error:
        return Survey(broken=str(error))


async def _look(api: Api, name: str, nodes: list[Object], look_s: float) -> Survey:
    taking = [node for node in nodes if is_ready(node) and not node["spec"].get("unschedulable")]
    if not taking:
        why = f"of its {len(nodes)} nodes none is ready and takes pods"
        return Survey(pods=why, containers=why, logs=why)
    tolerated = tuple(_tolerations(min(taking, key=lambda node: len(_taints(node)))))
    for each in (pod("good", namespace=name), pod("bad", namespace=name)):
        each["spec"]["containers"][0]["image"] = GOOD if each["metadata"]["name"] == "good" else BAD
        await api.post(PODS.path(name), fit({"apiVersion": "v1", "kind": "Pod", **each}, tolerated))
    good = await _until(api, PODS.path(name, "good"), lambda found: is_ready(found) or _is_hopeless(found), look_s)
    if not is_ready(good):
        told = "; ".join(troubles([good])) or f"it is {good.get('status', {}).get('phase')}"
        why = f"a pod of {GOOD} does not become ready: {told} (REFLEXARC_TEST_IMAGE names another image)"
        return Survey(pods=why, containers=why, logs=why, tolerations=tolerated)
    bad = await _until(api, PODS.path(name, "bad"), lambda found: is_ready(found) or bool(troubles([found])), look_s)
    containers = "" if troubles([bad]) else f"its kubelets run no containers: nothing ails a pod of {BAD}"
    return Survey(containers=containers, logs=await _logs(api, name), tolerations=tolerated)


async def _logs(api: Api, name: str) -> str:
    try:
        await api.text(PODS.path(name, "good", "log"))
    except RequestFailed as error:
        return f"its kubelets tell no logs: {error}"
    return ""


async def _until(api: Api, path: str, done: Callable[[Object], bool], look_s: float) -> Object:
    """The object when that is so, or when there is no time left to wait for it."""
    ends = asyncio.get_running_loop().time() + PATIENCE_S / 3
    while not done(found := await api.get(path)) and asyncio.get_running_loop().time() < ends:
        await asyncio.sleep(look_s)
    return found


def _is_hopeless(found: Object) -> bool:
    return any("BackOff" in trouble for trouble in troubles([found]))


def _taints(node: Object) -> list[Object]:
    return [each for each in node["spec"].get("taints") or () if each["effect"] != "PreferNoSchedule"]


def _tolerations(node: Object) -> Iterable[Object]:
    """Of what keeps pods from a node that is there for them all the same, such as the only one of a control plane."""
    return [{"key": each["key"], "operator": "Exists", "effect": each["effect"]} for each in _taints(node)]
