"""What is known of a collection when commands and lists tell of it at the same time."""

from collections.abc import AsyncIterator

from actuators.kubernetes.resources import PODS
from actuators.kubernetes.store import Store
from schemas.kubernetes import Object


def known(version: int, name: str = "a") -> Object:
    meta = {"namespace": "shop", "name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": meta, "status": {"read": version}}


async def listing(*found: Object) -> AsyncIterator[Object]:
    for each in found:
        yield each


def read(store: Store) -> dict[str, int]:
    """By name, the version that each is known as."""
    return {name: each["status"]["read"] for (_, name), each in store.objects.items()}


async def test_a_list_does_not_undo_what_a_command_has_read_since() -> None:
    """It is of the moment at which it began; the watch that goes on from there tells the rest."""
    store = Store(PODS, "", lambda: None)
    store.take(known(7))
    store.take(known(3, "gone"))
    await store.replace(listing(known(4), known(5, "b")), "6")
    assert read(store) == {"a": 7, "b": 5}


async def test_what_was_known_of_a_server_before_it_was_restored_is_older_than_anything() -> None:
    """Its versions are numbers that come again: what a command reads, and the list, count at once."""
    store = Store(PODS, "", lambda: None)
    for name in ("a", "b", "gone"):
        store.take(known(100, name))
    store.restored()
    store.take(known(7))
    assert read(store)["a"] == 7
    await store.replace(listing(known(5, "b"), known(7)), "8")
    assert read(store) == {"a": 7, "b": 5}


async def test_the_end_of_an_object_is_not_that_of_another_of_its_name() -> None:
    """What was made anew under the name of what is gone stays."""
    store = Store(PODS, "", lambda: None)
    store.take(known(7))
    gone = known(5)
    gone["metadata"]["uid"] = "another"
    await store.delete(gone)
    assert read(store) == {"a": 7}
