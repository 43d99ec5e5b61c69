"""What is there to stay, kept from the garbage collector: rules by the thousand, and the automata made of them.

The collector looks at all that there is again and again, which with a million objects stops the loop for a third of a
second each time, and costs an event a fifth of its time when there are many.
"""

import gc


def settle() -> None:
    """Look once at what there is, and then never again until the next call. It takes as long as such a look does, so
    it is for when much was made anew."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
