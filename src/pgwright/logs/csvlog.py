"""A log in CSV, as `log_destination = csvlog` writes it: 23 to 26 columns, by the server's version."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from pgwright.logs.entry import MOST_CHARACTERS, SEVERITIES, Entries, LogEntry, number

_COLUMNS = range(23, 27)
_DATABASE, _PROCESS, _SEVERITY, _SQLSTATE, _MESSAGE, _DETAIL, _STATEMENT, _QUERY_ID = 2, 3, 11, 12, 13, 14, 19, 25
# Time, user, database, process: inside a value every quote is doubled, so that no value looks so.
_START = re.compile(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [^,"]{1,9},(?:"(?:[^"]|"")*")?,(?:"(?:[^"]|"")*")?,\d*,')


def is_start(line: str) -> bool:
    """Tell whether a record begins with a line."""
    return _START.match(line) is not None


def read_csv(lines: Iterable[str]) -> Entries:
    """Yield the messages, and None for each record that is none: one that a rotation has cut, say."""
    for record in _records(lines):
        yield None if record is None else _entry(record)


def _records(lines: Iterable[str]) -> Iterator[str | None]:
    """Yield the records, which may have several lines; None for what is no whole record."""
    pending: list[str] = []
    size, is_open = 0, False
    for line in lines:
        if pending and is_start(line):  # the record before never ended
            yield None
            pending, size, is_open = [], 0, False
        if not pending and not is_start(line):
            yield None
            continue
        pending.append(line)
        size += len(line)
        is_open ^= line.count('"') % 2 == 1
        if not is_open or size > MOST_CHARACTERS:
            yield "\n".join(pending) if not is_open else None
            pending, size, is_open = [], 0, False
    if pending:
        yield None


def _entry(record: str) -> LogEntry | None:
    try:
        (row,) = csv.reader([record])
    except (csv.Error, ValueError):  # a field of more than 128 kB
        return None
    if len(row) not in _COLUMNS or row[_SEVERITY].rstrip("12345") not in SEVERITIES:
        return None
    return LogEntry(
        row[_SEVERITY],
        row[_MESSAGE],
        row[_DETAIL],
        row[_STATEMENT],
        row[_PROCESS],
        row[_DATABASE],
        number(row[_QUERY_ID]) if len(row) > _QUERY_ID else 0,
        row[_SQLSTATE],
    )
