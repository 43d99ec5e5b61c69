"""The methods of Go's `time.Time`, which `toTime` returns, as far as they ask what time it is."""

import re
from collections.abc import Callable, Mapping, Sequence

from engine.template.civil import civil, date, weekday
from engine.template.errors import TemplateError
from engine.template.values import Moment, Value

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_LAYOUT = re.compile(
    r"January|Jan|Monday|Mon|MST|2006|-07:00|-0700|-07|Z07:00|Z0700|__2|002|01|02|03|04|05|06|15|_2|PM|pm"
    r"|[.,](?:0+|9+)(?!\d)|1|2|3|4|5"
)


class _Clock:
    """The parts of a moment in UTC."""

    def __init__(self, moment: Moment) -> None:
        self.days, of_day_ms = divmod(moment.time_ms, 86_400_000)
        self.year, self.month, self.day = date(self.days)
        self.second, self.ms = divmod(of_day_ms, 1000)
        self.hour, self.minute, self.second = self.second // 3600, self.second // 60 % 60, self.second % 60
        self.month_name, self.weekday_name = _MONTHS[self.month - 1], _WEEKDAYS[weekday(self.days)]

    @property
    def year_day(self) -> int:
        return sum(self.days >= day for day in range(self.days - 366, self.days + 1) if date(day)[0] == self.year)


_PARTS: Mapping[str, Callable[[_Clock], str]] = {
    "January": lambda at: at.month_name,
    "Jan": lambda at: at.month_name[:3],
    "Monday": lambda at: at.weekday_name,
    "Mon": lambda at: at.weekday_name[:3],
    "MST": lambda _: "UTC",
    "2006": lambda at: f"{at.year:04d}",
    "06": lambda at: f"{at.year % 100:02d}",
    "01": lambda at: f"{at.month:02d}",
    "1": lambda at: f"{at.month}",
    "02": lambda at: f"{at.day:02d}",
    "_2": lambda at: f"{at.day:2d}",
    "2": lambda at: f"{at.day}",
    "002": lambda at: f"{at.year_day:03d}",
    "__2": lambda at: f"{at.year_day:3d}",
    "15": lambda at: f"{at.hour:02d}",
    "03": lambda at: f"{(at.hour + 11) % 12 + 1:02d}",
    "3": lambda at: f"{(at.hour + 11) % 12 + 1}",
    "04": lambda at: f"{at.minute:02d}",
    "4": lambda at: f"{at.minute}",
    "05": lambda at: f"{at.second:02d}",
    "5": lambda at: f"{at.second}",
    "PM": lambda at: "PM" if at.hour >= 12 else "AM",
    "pm": lambda at: "pm" if at.hour >= 12 else "am",
    "-07:00": lambda _: "+00:00",
    "-0700": lambda _: "+0000",
    "-07": lambda _: "+00",
    "Z07:00": lambda _: "Z",
    "Z0700": lambda _: "Z",
}
"""What stands in a layout for each part: Go writes layouts as the date of Monday 2 January 2006, 15:04:05."""


def _part(written: str, at: _Clock) -> str:
    if written in _PARTS:
        return _PARTS[written](at)
    digits = f"{at.ms:03d}".ljust(len(written) - 1, "0")[: len(written) - 1]
    digits = digits.rstrip("0") if written[1] == "9" else digits
    return written[0] + digits if digits else ""


def _formatted(moment: Moment, layout: Value) -> str:
    if not isinstance(layout, str):
        raise TemplateError("Format: expected a layout")
    clock = _Clock(moment)
    return _LAYOUT.sub(lambda found: _part(found[0], clock), layout)


_METHODS: Mapping[str, Callable[..., Value]] = {
    "Year": lambda moment: _Clock(moment).year,
    "Month": lambda moment: _Clock(moment).month_name,
    "Day": lambda moment: _Clock(moment).day,
    "Hour": lambda moment: _Clock(moment).hour,
    "Minute": lambda moment: _Clock(moment).minute,
    "Second": lambda moment: _Clock(moment).second,
    "Weekday": lambda moment: _Clock(moment).weekday_name,
    "YearDay": lambda moment: _Clock(moment).year_day,
    "Unix": lambda moment: moment.time_ms // 1000,
    "UnixMilli": lambda moment: moment.time_ms,
    "UTC": lambda moment: moment,
    "String": lambda moment: civil(moment.time_ms),
    "Format": _formatted,
}
_WITH_AN_ARGUMENT = frozenset({"Format"})


def call_method(moment: Moment, name: str, arguments: Sequence[Value]) -> Value:
    """Raises TemplateError for a method that there is not, or that takes another number of arguments."""
    if name not in _METHODS:
        raise TemplateError(f"*time.Time has no field {name}")
    wanted = int(name in _WITH_AN_ARGUMENT)
    if len(arguments) != wanted:
        raise TemplateError(f"{name}: expected {wanted} arguments, got {len(arguments)}")
    return _METHODS[name](moment, *arguments)
