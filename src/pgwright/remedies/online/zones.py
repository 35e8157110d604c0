"""Times without a zone that become such with one: which columns the team names, and in which zone they were written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from zoneinfo import available_timezones

from pgwright.errors import ConfigError
from pgwright.model.change import ColumnConversion, ConvertColumns
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot

# What gives the present moment, whatever it does to lose its zone; every other default would mean another time.
_WITHOUT = re.compile(r"timestamp(\(\d\))? without time zone\Z")
_MOMENT = r"(now\(\)|CURRENT_TIMESTAMP|LOCALTIMESTAMP|statement_timestamp\(\)|clock_timestamp\(\))"
_NOW = re.compile(
    rf"({_MOMENT}|timezone\('\w+'::text, {_MOMENT}\)|\(?{_MOMENT} AT TIME ZONE '\w+'::text\)?)\Z", re.IGNORECASE
)


def stated_times(stated: Iterable[str], snapshot: Snapshot) -> ConvertColumns | None:
    """Return the conversion of the columns that the team names as `[schema.]table.column=zone`; None where none is.

    Raises: ConfigError: it is written otherwise, or there is no such column, or nobody knows the zone, or its default
        is more than the present moment.
    """
    columns = tuple(sorted((_conversion(one, snapshot) for one in stated), key=lambda one: (one.table, one.column)))
    return ConvertColumns(columns, ()) if columns else None


def _conversion(stated: str, snapshot: Snapshot) -> ColumnConversion:
    place, sign, zone = stated.partition("=")
    names = place.split(".")
    if not sign or len(names) not in (2, 3):
        raise ConfigError(f"{stated!r} names no column with its time zone, as in --timestamptz notes.created_at=UTC")
    if zone not in available_timezones():
        raise ConfigError(f"{zone!r} is no time zone of the tz database, as UTC or Europe/Berlin is")
    table = QualifiedName(names[0] if len(names) == 3 else "public", names[-2])
    known = snapshot.table_by_name.get(table)
    column = known.column_by_name.get(names[-1]) if known is not None else None
    if known is None or column is None:
        raise ConfigError(f"the database has no column {place}")
    if not _WITHOUT.match(column.type) or column.domain is not None:
        raise ConfigError(f"{place} is {column.type}, and not timestamp without time zone")
    if column.default is not None and not _NOW.match(column.default):
        raise ConfigError(f"{place} has the default {column.default}, which is more than the present moment")
    to_type = column.type.replace("without time zone", "with time zone")
    return ColumnConversion(
        table, column.name, column.type, to_type, column.default, None, known.total_bytes, time_zone=zone
    )
