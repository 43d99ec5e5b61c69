"""What an analyzer keeps of one source, as plain values: so it is written to a file, and read again."""

import msgspec

VERSION = 1


class Node(msgspec.Struct, array_like=True):
    """Of the tree by which a template is found."""

    templates: list[int] = []
    children: dict[str, "Node"] = {}


class Baseline(msgspec.Struct, array_like=True):
    """How often a template comes, in windows counted from the first of its source. `count` is that of `window`."""

    since: int
    window: int
    count: int = 0
    mean: float = 0.0
    variance: float = 0.0
    told: int = -1
    """The window in which its rate was told of last."""


class Known(msgspec.Struct, array_like=True):
    """A template. `name` is a digest of the text that it had at first, and stays when words of it turn out to vary."""

    id: int
    name: str
    words: tuple[str, ...]
    size: int
    baseline: Baseline


class Mined(msgspec.Struct):
    """All templates, the longest unused first. `made` is how many there ever were, `pruned_at` how many when the tree
    was pruned last."""

    made: int = 0
    pruned_at: int = 0
    known: list[Known] = []
    root: Node = msgspec.field(default_factory=Node)


class Window(msgspec.Struct):
    """`index` is the window of Unix time that is counted in, `number` its number among those with events."""

    index: int = -1
    number: int = 0


class State(msgspec.Struct):
    """`last` is the last event that is in it; `depth` and `window_ms` are what it was made with."""

    source: str
    depth: int
    window_ms: int
    version: int = VERSION
    last: str = ""
    events: int = 0
    mined: Mined = msgspec.field(default_factory=Mined)
    window: Window = msgspec.field(default_factory=Window)
    new_in_window: int = 0
    new_untold: int = 0
