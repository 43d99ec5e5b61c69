"""Windows of event time, counted as they come.

Only those in which the source has said anything have a number: a machine that was off has not been silent, and the next
line of a template is not sudden because of that.
"""

from engine.analysis.state import Window


def enter(window: Window, length_ms: int, time_ms: int, now_ms: int) -> bool:
    """Go on to the window of this time; whether the time belongs to it, rather than to an earlier one.

    A time that has not come yet is now, also where it was believed before: a clock that was wrong, or a line that lies,
    would otherwise make all that follows late.
    """
    now = now_ms // length_ms
    window.index = min(window.index, now)
    index = min(time_ms // length_ms, now)
    if index > window.index:
        window.index = index
        window.number += 1
    return index == window.index
