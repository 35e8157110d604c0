"""Read a server's log for a workload: the values of real calls, the plans they had, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pgwright.errors import UnreadableLog
from pgwright.logs.entry import LogEntry
from pgwright.logs.files import Tell, find_files, read_lines, size
from pgwright.logs.form import Form, read_entries
from pgwright.logs.messages import Failure, LoggedCall, Message, UnreadPlan, read_message
from pgwright.logs.missing import Found, nothing_found
from pgwright.logs.plans import Ways
from pgwright.logs.tally import Tally
from pgwright.logs.values import Values
from pgwright.logs.workload import KnownStatements
from pgwright.model.log import LoggedStatement, ServerLog
from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot

_WHAT = "read the log"
_HOW = (
    "pgwright reads the log of PostgreSQL 13 to 18 in English: plain text, csvlog, jsonlog, or Cloud SQL's and "
    "CloudWatch's JSON. Switch it on: log_min_duration_statement = 250ms, log_parameter_max_length = -1, "
    "lc_messages = 'C'; for plans auto_explain.log_min_duration"
)


@dataclass(frozen=True)
class Logged:
    """Of one statement."""

    calls: tuple[Values, ...]
    """Values that the app itself gave, those of calls of a middling duration first."""
    plans: tuple[Ways, ...]
    """How the plans of its calls read, the different ones."""


NOTHING = Logged((), ())


@dataclass(frozen=True)
class Log:
    """A log, as far as it is of the workload. It holds values: only `told` may be shown."""

    by_id: Mapping[int, Logged]
    told: ServerLog
    missing: tuple[NotExamined, ...] = ()

    def of(self, query_id: int) -> Logged:
        return self.by_id.get(query_id, NOTHING)


def read_log(paths: Iterable[Path], snapshot: Snapshot, progress: Progress = silent) -> Log:
    """Read the files of a log; nothing of it is kept but some calls of each statement of the workload.

    Args:
        paths: files, packed by gzip or not, or folders of them.
        snapshot: of the database whose statements are looked for.
    Raises: UnreadableLog: a file cannot be read, or none of them is a log of PostgreSQL.
    """
    files = find_files(paths)
    total = sum(map(size, files))
    reader, done = _Reader(snapshot), 0
    strange: list[tuple[Path, Form]] = []
    for path in files:
        before = reader.messages
        form = reader.read(path, partial(_tell, progress, done, total))
        if reader.messages == before:
            strange.append((path, form))
        done += size(path)
    if not reader.messages:
        path, form = strange[0]
        raise UnreadableLog(str(path), f"it is {form} in which no line is one of PostgreSQL's", _HOW)
    return reader.log(len(files), strange)


def _tell(progress: Progress, before: int, total: int, here: int) -> None:
    progress(_WHAT, before + here, total)


class _Reader:
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._workload = KnownStatements(snapshot.statements)
        found = snapshot.setting_by_name.get("log_line_prefix")
        self._prefix = found.raw if found is not None else None
        self._tallies: dict[str | None, Tally] = {}
        self._counts: Counter[Found] = Counter()
        self.messages = self._unread = 0

    def read(self, path: Path, tell: Tell) -> Form:
        form, entries = read_entries(read_lines(path, tell), self._prefix)
        for entry in entries:
            if entry is None:
                self._unread += 1
                continue
            self.messages += 1
            if entry.database not in (None, "", self._snapshot.server.database):
                self._counts["other database"] += 1
            elif (message := read_message(entry)) is not None:
                self._add(message, entry)
        return form

    def _add(self, message: Message, entry: LogEntry) -> None:
        if isinstance(message, UnreadPlan):
            self._counts["unread plan"] += 1
            return
        if isinstance(message, Failure) and not entry.statement:  # of a connection, or of the server itself
            return
        if isinstance(message, LoggedCall):
            known = self._workload.find(message.text, message.query_id)
            self._counts["call" if known is None else "known call"] += 1
            if known is None:
                return
        else:
            known = self._workload.find(entry.statement, entry.query_id)
        if known not in self._tallies:
            self._tallies[known] = Tally()
        self._tallies[known].add(message)

    def log(self, files: int, strange: Sequence[tuple[Path, Form]]) -> Log:
        logged = {
            text: Logged(tally.values(text), tuple(tally.plans))
            for text, tally in self._tallies.items()
            if text is not None
        }
        ids = {one.text: one.query_id for one in reversed(self._snapshot.statements)}
        told = [tally.told(None if text is None else ids[text], text or "") for text, tally in self._tallies.items()]
        told = [one for one in told if one.query_id is not None or one.has_trouble]
        self._counts["values"] = sum(bool(one.calls) for one in logged.values())
        return Log(
            {one.query_id: logged[one.text] for one in self._snapshot.statements if one.text in logged},
            ServerLog(
                files,
                self.messages,
                self._counts["other database"],
                self._unread,
                tuple(sorted(told, key=_trouble, reverse=True)),
            ),
            (*_not_logs(strange), *nothing_found(self._counts)),
        )


def _trouble(one: LoggedStatement) -> tuple[bool, float, int, int]:
    """Order statements by their trouble, those of the workload first."""
    errors = sum(error.count for error in one.errors)
    return one.query_id is not None, one.waited_ms, errors, one.temporary_bytes


def _not_logs(strange: Sequence[tuple[Path, Form]]) -> Iterable[NotExamined]:
    for path, form in strange:
        yield NotExamined(f"the log {path.name}", f"it is {form} in which no line is one of PostgreSQL's")
