"""Whether a moment in a column has passed, whatever its type; what stands for "never" never has.

The type is the database's: a model may say otherwise, and hours would be lost between the two.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import BigInteger, Column, ColumnElement, Date, DateTime, Numeric, and_, literal, type_coerce
from sqlalchemy.types import TypeEngine

from pgwright_runtime.retention.errors import NoMoments

# Earlier moments stand for something else: 0001, 1000, 1900, 1970 and -infinity are dates that no app of today wrote
# as "now"; PostgreSQL's own epoch is the last of them, in any time zone.
EARLIEST = datetime(2000, 1, 3, tzinfo=UTC)

Epoch = Literal["seconds", "milliseconds"]
_FACTORS: dict[Epoch, int] = {"seconds": 1, "milliseconds": 1000}
_TYPES: dict[str, TypeEngine[Any]] = {
    "timestamptz": DateTime(timezone=True),
    "timestamp": DateTime(),
    "date": Date(),
    "int4": BigInteger(),
    "int8": BigInteger(),
    "numeric": Numeric(),
    "float8": Numeric(asdecimal=False),
}


def as_moment(column: Column[Any], kind: str) -> ColumnElement[Any]:
    """Return a column as what the database's type makes it, past whatever the model does with its values."""
    return type_coerce(column, _TYPES[kind])


def is_due(
    column: Column[Any], age: timedelta, zone: str, epoch: Epoch | None
) -> Callable[[datetime, str], ColumnElement[bool]]:
    """Return what tells, at a moment and for the column's type in the database, whether a row is older than an age.

    Raises: ValueError: the zone is unknown.
    """
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{column}: {zone!r} is no time zone; give one such as 'UTC' or 'Europe/Berlin'") from error

    def condition(now: datetime, kind: str) -> ColumnElement[bool]:
        _require_moments(column, kind, epoch)
        earliest, latest = (literal(_written(at, kind, place, epoch), _TYPES[kind]) for at in (EARLIEST, now - age))
        moment = as_moment(column, kind)
        # With a lower limit also an index that leaves out NULL serves this.
        return and_(moment >= earliest, moment < latest)

    return condition


def _require_moments(column: Column[Any], kind: str, epoch: Epoch | None) -> None:
    is_number = kind in ("int4", "int8", "numeric", "float8")
    if kind not in _TYPES or (is_number and epoch is None) or (not is_number and epoch is not None):
        hint = "; say what its numbers count, as in epoch='seconds'" if is_number else ""
        hint = "; epoch is for columns of numbers" if kind in _TYPES and not is_number else hint
        raise NoMoments(f"{column} is of type {kind} in the database{hint or ', which holds no moments'}.")


def _written(moment: datetime, kind: str, zone: ZoneInfo, epoch: Epoch | None) -> Any:
    """Return a moment as a column of this type has it."""
    if epoch is not None:
        return int(moment.timestamp() * _FACTORS[epoch])
    if kind == "timestamptz":
        return moment
    there = moment.astimezone(zone)
    return there.replace(tzinfo=None) if kind == "timestamp" else there.date()  # a day has passed when it is over
