"""Which form a log has, told from its first lines, and its messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Literal

from pgwright.logs.csvlog import is_start, read_csv
from pgwright.logs.entry import Entries
from pgwright.logs.jsonlog import exported_lines, is_own, read_jsonlog
from pgwright.logs.prefix import Prefix
from pgwright.logs.stderr import read_text

Form = Literal["plain text", "CSV", "JSON of PostgreSQL", "JSON of a host", "an empty file"]
_HEAD_LINES = 400


def read_entries(lines: Iterable[str], line_prefix: str | None) -> tuple[Form, Entries]:
    """Return the form of a log and its messages.

    Args:
        lines: of the file, without line breaks.
        line_prefix: the server's `log_line_prefix`, where it is known; the log may have another one.
    """
    rest = iter(lines)
    head = list(islice(rest, _HEAD_LINES))
    every: Iterable[str] = chain(head, rest)
    form = _form(head)
    if form == "CSV":
        return form, read_csv(every)
    if form == "JSON of PostgreSQL":
        return form, read_jsonlog(every)
    if form == "JSON of a host":
        rest = exported_lines(every)
        head = list(islice(rest, _HEAD_LINES))
        every = chain(head, rest)
    return form, read_text(every, Prefix.of(head, line_prefix))


def _form(head: Sequence[str]) -> Form:
    filled = [line for line in head if line.strip()]
    if not filled:
        return "an empty file"
    if any(map(is_start, head)):
        return "CSV"
    if filled[0].startswith(("{", "[")):
        return "JSON of PostgreSQL" if is_own(head) else "JSON of a host"
    return "plain text"
