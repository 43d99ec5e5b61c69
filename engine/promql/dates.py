"""Date functions: parts of the UTC date of Unix times in seconds, as arithmetic over whole columns.

The calendar is the proleptic Gregorian one. Months are counted from March, so that the leap day is a year's last.
"""

from collections.abc import Callable

import numpy as np

from engine.promql.arrays import FloatArray, IntArray

_DAY_S = 86_400
_DAYS_OF_400_YEARS = 146_097
_MARCH_1_OF_YEAR_0 = 719_468
"""Days from 0000-03-01 to 1970-01-01."""


_NO_TIME_S = 2**63
"""What Go makes of a float that is no time, such as NaN: in Prometheus the year of NaN is 292277026596."""


def _split(values: FloatArray) -> tuple[IntArray, IntArray]:
    """Whole days since the epoch, and the whole seconds of the last one."""
    is_time = np.abs(values) < _NO_TIME_S
    days, of_day = np.divmod(np.where(is_time, values, 0.0).astype(np.int64), _DAY_S)
    return np.where(is_time, days, _NO_TIME_S // _DAY_S), np.where(is_time, of_day, _NO_TIME_S % _DAY_S)


def _days(values: FloatArray) -> IntArray:
    return _split(values)[0]


def _of_day(values: FloatArray) -> IntArray:
    return _split(values)[1]


def _civil(values: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """Year, month (1 to 12) and day of the month (from 1)."""
    days = _days(values) + _MARCH_1_OF_YEAR_0
    era, day_of_era = days // _DAYS_OF_400_YEARS, days % _DAYS_OF_400_YEARS
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = (month_from_march + 2) % 12 + 1
    return era * 400 + year_of_era + (month <= 2), month, day


def _is_leap(year: IntArray) -> IntArray:
    leap: IntArray = ((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))).astype(np.int64)
    return leap


_MONTH_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def _days_in_month(values: FloatArray) -> IntArray:
    year, month, _ = _civil(values)
    length: IntArray = _MONTH_LENGTHS[month - 1] + np.where(month == 2, _is_leap(year), 0)
    return length


def _day_of_year(values: FloatArray) -> IntArray:
    year, month, day = _civil(values)
    before = np.cumsum(_MONTH_LENGTHS) - _MONTH_LENGTHS
    number: IntArray = before[month - 1] + day + np.where(month > 2, _is_leap(year), 0)
    return number


def _float(function: Callable[[FloatArray], IntArray]) -> Callable[[FloatArray], FloatArray]:
    return lambda values: function(values).astype(np.float64)


DATE_FUNCTIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "day_of_month": _float(lambda values: _civil(values)[2]),
    "day_of_week": _float(lambda values: (_days(values) + 4) % 7),  # the epoch was a Thursday
    "day_of_year": _float(_day_of_year),
    "days_in_month": _float(_days_in_month),
    "hour": _float(lambda values: _of_day(values) // 3600),
    "minute": _float(lambda values: _of_day(values) % 3600 // 60),
    "month": _float(lambda values: _civil(values)[1]),
    "year": _float(lambda values: _civil(values)[0]),
}
