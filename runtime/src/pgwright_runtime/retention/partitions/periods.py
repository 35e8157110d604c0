"""Where one period ends and the next begins: days, weeks, months, years, or a length of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, get_args

PeriodName: TypeAlias = Literal["day", "week", "month", "year"]
Every: TypeAlias = timedelta | PeriodName

# A Monday, as ISO 8601 has weeks begin.
_MONDAY = datetime(1970, 1, 5)


@dataclass(frozen=True)
class Periods:
    """The borders between periods, as naive moments.

    Borders of weeks and of lengths of time lie whole multiples away from `anchor`; None: from a Monday, 1970-01-05.
    """

    every: Every
    anchor: datetime | None = None

    def __post_init__(self) -> None:
        """Raise ValueError: no such period, or one of no length."""
        is_known = (
            self.every > timedelta(0) if isinstance(self.every, timedelta) else self.every in get_args(PeriodName)
        )
        if not is_known:
            names = ", ".join(map(repr, get_args(PeriodName)))
            raise ValueError(f"every={self.every!r} is no period; give {names} or a timedelta above 0")

    def floor(self, moment: datetime) -> datetime:
        """Return the border at or before a moment.

        >>> Periods("month").floor(datetime(2026, 5, 17, 12))
        datetime.datetime(2026, 5, 1, 0, 0)
        """
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.every == "day":
            return midnight
        if self.every == "month":
            return midnight.replace(day=1)
        if self.every == "year":
            return midnight.replace(month=1, day=1)
        length = self.every if isinstance(self.every, timedelta) else timedelta(weeks=1)
        anchor = self.anchor or _MONDAY
        return anchor + (moment - anchor) // length * length

    def after(self, moment: datetime) -> datetime:
        """Return the first border after a moment.

        >>> Periods("week").after(datetime(2026, 5, 18))
        datetime.datetime(2026, 5, 25, 0, 0)
        """
        start = self.floor(moment)
        if self.every == "day":
            return start + timedelta(days=1)
        if self.every == "month":
            return self.floor(start + timedelta(days=31))
        if self.every == "year":
            return start.replace(year=start.year + 1)
        return start + (self.every if isinstance(self.every, timedelta) else timedelta(weeks=1))
