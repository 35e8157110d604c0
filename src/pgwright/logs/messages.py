"""What a message of the log says of a statement: a call, a plan, a wait, a file, an error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pgwright.logs.entry import LogEntry, number
from pgwright.logs.errors import named
from pgwright.logs.parameters import Parameters, read_parameters
from pgwright.logs.plans import NODE_LINE, Ways, ways_of, ways_of_text

_DURATION = re.compile(r"duration: (?P<ms>\d+(?:\.\d+)?) ms(?:  |$)")
_CALL = re.compile(r"(?:statement|execute (?!fetch from)[^:]*): ")
_PLAN = re.compile(r"plan:\n")
_WAIT = re.compile(
    r"process (?P<process>\d+) (?P<end>still waiting for|acquired) .* after (?P<ms>\d+(?:\.\d+)?) ms", re.DOTALL
)
_FILE = re.compile(r'temporary file: path "[^"]*", size (?P<bytes>\d{1,18})')
_SQLSTATE = re.compile("[0-9A-Z]{5}")
_ERRORS = ("ERROR", "FATAL", "PANIC")
_QUERY_TEXT, _PARAMETERS, _IDENTIFIER = "Query Text: ", "Query Parameters: ", "Query Identifier: "


@dataclass(frozen=True)
class LoggedCall:
    """A statement that ran."""

    text: str
    """As the app sent it."""
    query_id: int
    parameters: Parameters = field(default_factory=dict)
    duration_ms: float | None = None
    """None: only that it ran was logged."""
    ways: Ways | None = None
    """How its plan reads; None where no plan was logged."""


@dataclass(frozen=True)
class UnreadPlan:
    """A plan in XML or YAML, or one that is cut."""


@dataclass(frozen=True)
class LockWait:
    process: str
    waited_ms: float
    """Until then."""
    is_over: bool


@dataclass(frozen=True)
class TemporaryFile:
    bytes: int


@dataclass(frozen=True)
class Failure:
    sqlstate: str
    what: str
    """In words of ours."""


Message = LoggedCall | UnreadPlan | LockWait | TemporaryFile | Failure


def read_message(entry: LogEntry) -> Message | None:
    """Return what an entry says; None where it is nothing that we ask for."""
    message = entry.message
    if entry.severity in _ERRORS:
        sqlstate = entry.sqlstate if _SQLSTATE.fullmatch(entry.sqlstate) else ""
        return Failure(sqlstate, named(sqlstate, message))
    duration = _DURATION.match(message)
    start = duration.end() if duration is not None else 0
    took = float(duration["ms"]) if duration is not None else None
    if duration is not None and (plan := _PLAN.match(message, start)) is not None:
        return _plan(message[plan.end() :], entry, took)
    if (call := _CALL.match(message, start)) is not None:
        return LoggedCall(message[call.end() :], entry.query_id, read_parameters(entry.detail), took)
    if (wait := _WAIT.match(message)) is not None:
        return LockWait(wait["process"], float(wait["ms"]), wait["end"] == "acquired")
    if (file := _FILE.match(message)) is not None:
        return TemporaryFile(int(file["bytes"]))
    return None


def _plan(body: str, entry: LogEntry, took: float | None) -> LoggedCall | UnreadPlan:
    if body.startswith(_QUERY_TEXT):
        return _text_plan(body, entry, took)
    return _json_plan(body, entry, took) if body.startswith("{") else UnreadPlan()


def _text_plan(body: str, entry: LogEntry, took: float | None) -> LoggedCall | UnreadPlan:
    """Read a plan as lines: the text of the statement, which may have several, its parameters, and the nodes."""
    lines = body.split("\n")
    first = next((place for place, line in enumerate(lines) if place and NODE_LINE.match(line)), 0)
    if not first:
        return UnreadPlan()
    head = "\n".join(lines[:first]).removeprefix(_QUERY_TEXT)
    text, _, parameters = head.rpartition(f"\n{_PARAMETERS}") if f"\n{_PARAMETERS}" in head else (head, "", "")
    told = next((line for line in reversed(lines) if line.startswith(_IDENTIFIER)), "")
    query_id = number(told.removeprefix(_IDENTIFIER)) or entry.query_id
    return LoggedCall(text, query_id, _parameters(parameters), took, ways_of_text(lines[first:]))


def _json_plan(body: str, entry: LogEntry, took: float | None) -> LoggedCall | UnreadPlan:
    try:
        given = json.loads(body)
        plan, text = given["Plan"], given["Query Text"]
        if not (isinstance(plan, Mapping) and isinstance(text, str)):
            return UnreadPlan()
        parameters = _parameters(str(given.get("Query Parameters", "")))
        query_id = number(given.get("Query Identifier")) or entry.query_id
        return LoggedCall(text, query_id, parameters, took, ways_of(plan))
    except (ValueError, KeyError, TypeError, RecursionError):
        return UnreadPlan()


def _parameters(text: str) -> Parameters:
    return read_parameters(f"parameters: {text}")
