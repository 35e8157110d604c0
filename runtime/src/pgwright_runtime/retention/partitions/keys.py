"""The column that a table is partitioned by: its moments as the server writes them, and as Python has them.

Moments are naive: of `timestamptz`, `uuid` (version 7) and epochs in UTC, of `timestamp` and `date` in the policy's
zone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from pgwright_runtime.retention.partitions.periods import Periods

EpochUnit: TypeAlias = Literal["s", "ms", "us"]
PARTS_PER_SECOND: dict[EpochUnit, int] = {"s": 1, "ms": 1_000, "us": 1_000_000}
KEY_TYPES = ("timestamptz", "timestamp", "date", "uuid", "int8", "int4")

# MINVALUE and MAXVALUE, and what Python's years do not reach.
BEGINNING, END = datetime.min, datetime.max

_EPOCH = datetime(1970, 1, 1)
# The first 48 bits of a UUID of version 7 are milliseconds: RFC 9562, section 5.7.
_UUID_SHIFT = 80
_BOUND = re.compile(r"FOR VALUES FROM \((?P<lower>.*)\) TO \((?P<upper>.*)\)", re.DOTALL)


@dataclass(frozen=True)
class PartitionKey:
    """A column of moments, and the zone in which its periods begin."""

    column: str
    type: str
    """As `pg_type.typname`; one of `KEY_TYPES`."""
    zone: ZoneInfo
    unit: EpochUnit = "s"

    @property
    def has_zone(self) -> bool:
        """True where the type names moments; False where it names what a clock on the wall shows."""
        return self.type not in ("timestamp", "date")

    def moment(self, aware: datetime) -> datetime:
        """Return an aware moment as this key has moments."""
        return aware.astimezone(UTC if self.has_zone else self.zone).replace(tzinfo=None)

    def floor(self, periods: Periods, moment: datetime) -> datetime:
        """Return the border of periods at or before a moment."""
        if not self._is_local(periods):
            return periods.floor(moment)
        start = self._from_wall(periods.floor(self._to_wall(moment)))
        # Where clocks are set back at midnight, the day's first hour comes twice.
        return start if start <= moment else self.floor(periods, start - timedelta(hours=6))

    def after(self, periods: Periods, moment: datetime) -> datetime:
        """Return the first border of periods after a moment."""
        if not self._is_local(periods):
            return periods.after(moment)
        end = self._from_wall(periods.after(self._to_wall(moment)))
        return end if end > moment else self.after(periods, moment + timedelta(hours=6))

    def _is_local(self, periods: Periods) -> bool:
        return self.has_zone and not isinstance(periods.every, timedelta)

    def _to_wall(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)

    def _from_wall(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self.zone).astimezone(UTC).replace(tzinfo=None)

    def wall(self, moment: datetime) -> datetime:
        """Return what a clock in the zone shows: what names of partitions are made of."""
        return self._to_wall(moment) if self.has_zone else moment

    def literal(self, moment: datetime) -> str:
        """Return a bound in SQL."""
        if moment in (BEGINNING, END):
            return "MINVALUE" if moment == BEGINNING else "MAXVALUE"
        if self.type == "date":
            return f"'{moment:%Y-%m-%d}'"
        if self.type == "uuid":
            return f"'{UUID(int=(moment - _EPOCH) // timedelta(milliseconds=1) << _UUID_SHIFT)}'"
        if self.type in ("int8", "int4"):
            return str((moment - _EPOCH) // timedelta(microseconds=1) * PARTS_PER_SECOND[self.unit] // 1_000_000)
        return f"'{moment.isoformat(' ')}{'+00' if self.has_zone else ''}'"

    def bounds(self, bound: str) -> tuple[datetime, datetime]:
        """Return the bounds of a partition.

        Args:
            bound: as `pg_get_expr(relpartbound, oid)` writes it with DateStyle ISO in the zone UTC.
        """
        found = _BOUND.fullmatch(bound)
        if found is None:
            raise ValueError(f"not the bound of a range: {bound!r}")
        return self.read(found["lower"], BEGINNING), self.read(found["upper"], END)

    def read(self, literal: str, otherwise: datetime = END) -> datetime:
        """Return a moment as the server writes it in UTC; what is out of Python's years is `otherwise`."""
        value = literal.strip("'")
        if value in ("MINVALUE", "-infinity"):
            return BEGINNING
        if value in ("MAXVALUE", "infinity"):
            return END
        try:
            return self._parse(value)
        except (ValueError, OverflowError):  # before Christ, or after the year 9999
            return otherwise

    def _parse(self, value: str) -> datetime:
        if self.type == "uuid":
            return _EPOCH + timedelta(milliseconds=UUID(value).int >> _UUID_SHIFT)
        if self.type in ("int8", "int4"):
            return _EPOCH + timedelta(microseconds=int(value) * 1_000_000 // PARTS_PER_SECOND[self.unit])
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed
