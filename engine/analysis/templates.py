"""Templates of messages, mined online by Drain, and no more of them than there may be.

Drain goes from the number of words, over the first of them, to the templates that a message may be one of, and takes
the one that has the most words in common with it. The template that was unused for the longest goes where there are too
many; but of the tree Drain never lets go, so what leads nowhere is cut off from time to time, or words that somebody
makes up would fill the memory.
"""

from collections.abc import Container, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from drain3.drain import Drain, LogCluster
from drain3.drain import Node as DrainNode

from engine.analysis.masking import masked
from engine.analysis.state import Baseline, Known, Mined, Node

MOST_COMPARED = 200
"""With so many templates, those of its length and first words that were used last, a message is compared."""


class _Drain(Drain):  # type: ignore[misc]  # it has no types
    """Drain, which takes no longer for a message than that."""

    def fast_match(self, cluster_ids: Sequence[int], tokens: list[str], sim_th: float, include_params: bool) -> Any:
        assert isinstance(cluster_ids, list)
        found = super().fast_match(cluster_ids[-MOST_COMPARED:], tokens, sim_th, include_params)
        if found is not None and len(cluster_ids) > MOST_COMPARED:
            cluster_ids.remove(found.cluster_id)
            cluster_ids.append(found.cluster_id)
        return found


class Added(NamedTuple):
    """What a message is one of."""

    known: Known
    is_new: bool


class Templates:
    """All templates of one source."""

    def __init__(self, similarity: float, depth: int, most: int, mined: Mined) -> None:
        self._most = most
        self._drain = _Drain(depth=depth, sim_th=similarity, max_clusters=most)
        self._known: dict[int, Known] = {}
        """In the order of their last use, which is the order in which Drain lets go of them."""
        self._pruned_at = 0
        self._restore(mined)

    def __len__(self) -> int:
        return len(self._known)

    @property
    def evicted(self) -> int:
        """How many had to go."""
        return int(self._drain.clusters_counter) - len(self._known)

    def add(self, text: str, window: int) -> Added | None:
        """Learn from a message, which came in the window of this number. None where it says nothing."""
        text = masked(text)
        if not text:
            return None
        cluster, change = self._drain.add_log_message(text)
        known = self._known.pop(cluster.cluster_id, None)
        if known is None:
            known = self._new(cluster, window)
        elif change != "none":
            known.words = cluster.log_template_tokens
        self._known[known.id] = known
        known.size = cluster.size
        return Added(known, change == "cluster_created")

    def mined(self) -> Mined:
        """What `Templates` is made of again."""
        root = _kept(self._drain.root_node)
        return Mined(self._drain.clusters_counter, self._pruned_at, list(self._known.values()), root)

    def _new(self, cluster: LogCluster, window: int) -> Known:
        if len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        made = self._drain.clusters_counter
        if made - self._pruned_at > self._most:
            _prune(self._drain.root_node, self._drain.id_to_cluster)
            self._pruned_at = made
        words = cluster.log_template_tokens
        name = blake2b(" ".join(words).encode(), digest_size=8).hexdigest()
        return Known(cluster.cluster_id, name, words, cluster.size, Baseline(window, window))

    def _restore(self, mined: Mined) -> None:
        for known in mined.known[-self._most :]:
            cluster = LogCluster(known.words, known.id)
            cluster.size = known.size
            self._drain.id_to_cluster[known.id] = cluster
            self._known[known.id] = known
        self._drain.clusters_counter, self._pruned_at = mined.made, mined.pruned_at
        self._drain.root_node = _restored(mined.root)


def _prune(node: DrainNode, living: Container[int]) -> bool:
    """Cut off what leads to no template; whether anything is left."""
    node.cluster_ids = [each for each in node.cluster_ids if each in living]
    node.key_to_child_node = {key: child for key, child in node.key_to_child_node.items() if _prune(child, living)}
    return bool(node.cluster_ids or node.key_to_child_node)


def _kept(node: DrainNode) -> Node:
    return Node(list(node.cluster_ids), {key: _kept(child) for key, child in node.key_to_child_node.items()})


def _restored(node: Node) -> DrainNode:
    made = DrainNode()
    made.cluster_ids = list(node.templates)
    made.key_to_child_node = {key: _restored(child) for key, child in node.children.items()}
    return made
