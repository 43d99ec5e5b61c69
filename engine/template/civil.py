"""Unix time to a date as Go prints one, by arithmetic: the pure packages have no clock and no calendar to ask."""

_DAY_MS = 86_400_000


def civil(time_ms: int) -> str:
    """`2009-02-13 23:31:30.5 +0000 UTC` of Unix milliseconds."""
    days, of_day_ms = divmod(time_ms, _DAY_MS)
    year, month, day = date(days)
    seconds, ms = divmod(of_day_ms, 1000)
    fraction = f".{ms:03d}".rstrip("0") if ms else ""
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"
    return f"{year:04d}-{month:02d}-{day:02d} {clock} +0000 UTC"


def date(days: int) -> tuple[int, int, int]:
    """Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.

    Years are counted from March, so that the leap day is the last of its year; 400 years are 146,097 days.
    """
    era, of_era = divmod(days + 719_468, 146_097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * of_year + 2) // 153
    day = of_year - (153 * march_month + 2) // 5 + 1
    month = march_month + 3 if march_month < 10 else march_month - 9
    return era * 400 + year_of_era + (month <= 2), month, day


def weekday(days: int) -> int:
    """0 is Sunday; 1970-01-01 was a Thursday."""
    return (days + 4) % 7
