"""A log of plain text, as `log_destination = stderr` writes it: lines to messages."""

from __future__ import annotations

from collections.abc import Iterable

from pgwright.logs.entry import MOST_CHARACTERS, Entries, LogEntry, split_sqlstate
from pgwright.logs.prefix import Head, Prefix

# Messages that may still get a DETAIL, one a process; exports of hosts mix the lines of several processes.
_MOST_OPEN = 64


def read_text(lines: Iterable[str], prefix: Prefix) -> Entries:
    """Yield the messages, each when the next one of its process begins, and None for each line that is no part of one.

    DETAIL, STATEMENT and such belong to the message before them of the same process; later lines of each begin with a
    tab.
    """
    drafts: dict[str, _Draft] = {}
    current: _Draft | None = None
    for line in lines:
        head = prefix.read(line)
        if head is None:
            if current is None or not (line.startswith("\t") or not line.strip()):
                yield None
            else:
                current.add(line.removeprefix("\t"))
        elif head.is_message:
            if head.process in drafts:
                yield drafts.pop(head.process).entry()
            elif len(drafts) >= _MOST_OPEN:
                yield drafts.pop(next(iter(drafts))).entry()
            current = drafts[head.process] = _Draft(head)
        else:
            current = drafts.get(head.process)
            if current is None:  # its message is in the file before
                yield None
            else:
                current.begin(head.word, head.rest)
    for draft in drafts.values():
        yield draft.entry()


class _Draft:
    """A message whose lines are still being read."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._parts: dict[str, list[str]] = {}
        self._size = 0
        self.begin("message", head.rest)

    def begin(self, part: str, line: str) -> None:
        self._part = part
        self._parts.setdefault(part, [])
        self.add(line)

    def add(self, line: str) -> None:
        self._size += len(line)
        if self._size <= MOST_CHARACTERS:
            self._parts[self._part].append(line)

    def entry(self) -> LogEntry:
        sqlstate, message = split_sqlstate(self._text("message"))
        head = self._head
        return LogEntry(
            head.word,
            message,
            self._text("DETAIL"),
            self._text("STATEMENT"),
            head.process,
            head.database,
            head.query_id,
            sqlstate or head.sqlstate,
        )

    def _text(self, part: str) -> str:
        return "\n".join(self._parts.get(part, ()))
