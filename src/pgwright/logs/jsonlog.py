"""A log in JSON: PostgreSQL's own `jsonlog`, and what Cloud SQL, CloudWatch and Azure make of a log of plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pgwright.logs.entry import SEVERITIES, Entries, LogEntry, number

# Where an exported entry has the line of the log: Cloud SQL, CloudWatch.
_TEXTS = ("textPayload", "message", "@message")
_INDENTED = re.compile(rf'\s+"(?:{"|".join(_TEXTS)})": (".*"),?\s*')
_NO_TEXT = "?"


def is_own(lines: Iterable[str]) -> bool:
    """Tell whether PostgreSQL itself wrote the JSON."""
    return any('"error_severity":' in line for line in lines)


def read_jsonlog(lines: Iterable[str]) -> Entries:
    """Yield the messages of jsonlog, one a line, and None for each line that is none."""
    for line in lines:
        given = _decoded(line)
        yield _entry(given) if isinstance(given, Mapping) else None


def exported_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of plain text that the entries of an export hold; "?" for an entry without any.

    A line is an entry, or several; or the JSON is indented, and then the text of an entry is a line of its own.
    """
    for line in lines:
        if line.startswith(("{", "[")) and len(line.strip()) > 1:
            texts = list(_texts(_decoded(line.rstrip().rstrip(","))))
        else:
            found = _INDENTED.fullmatch(line)
            texts = [] if found is None else [str(_decoded(found[1]))]
            if found is None and not line.startswith((" ", "{", "}", "[", "]")):
                texts = [_NO_TEXT]
        for text in texts:
            yield from text.rstrip("\n").split("\n")


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _texts(given: Any) -> Iterator[str]:
    """Yield the texts of an entry, or of the entries inside of an object or a list."""
    if not isinstance(given, Mapping | list):
        yield _NO_TEXT
        return
    own = (given.get(name) for name in _TEXTS) if isinstance(given, Mapping) else iter(())
    text = next((one for one in own if isinstance(one, str)), None)
    values = given.values() if isinstance(given, Mapping) else given
    inside = [one for one in values if isinstance(one, Mapping | list)]
    if text is not None or not inside:
        yield _NO_TEXT if text is None else text
        return
    for one in inside:
        yield from _texts(one)


def _entry(given: Mapping[str, Any]) -> LogEntry | None:
    def text(name: str) -> str:
        value = given.get(name)
        return value if isinstance(value, str) else ""

    if text("error_severity").rstrip("12345") not in SEVERITIES:
        return None
    return LogEntry(
        text("error_severity"),
        text("message"),
        text("detail"),
        text("statement"),
        str(given.get("pid", "")),
        text("dbname"),
        number(given.get("query_id")),
        text("state_code"),
    )
