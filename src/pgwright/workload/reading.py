"""The statements of a workload, each parsed once a snapshot: what can be planned, what cannot, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pgwright.errors import UnparsableStatement
from pgwright.figures import share
from pgwright.model.memo import once_a_snapshot
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import Schema, StatementShape, gist, inner_query, is_cut_off, read_shape, search_path

Kind = Literal["query", "no plan", "unreadable"]
HIDDEN = "<insufficient privilege>"
# Of a real workload these are nearly all of the time; to plan five times as many takes longer than a check should.
MOST_PLANNED = 1_000
_PROCEDURAL = {
    "CALL": "a procedure does its work; the statements in it",
    "DO": "a code block does its work; the statements in it",
}
_SEEN_WHERE = "are seen where pg_stat_statements.track is 'all'"
_FIRST_WORD = re.compile(r"(?:\s|/\*.*?\*/|--[^\n]*\n)*(\w*)", re.DOTALL)
_REFRESH = re.compile(r'refresh\s+materialized\s+view\s+(?:concurrently\s+)?([\w."$]+)', re.IGNORECASE)
_VIEW = re.compile(r"^CREATE MATERIALIZED VIEW (\S+) (?:USING \w+ )?AS\n(.*?)\n\s*WITH (?:NO )?DATA;$", re.M | re.S)
# Possessive: a text of a megabyte is one word, or nearly.
_CALLED = re.compile(r'(?:(?<!")"((?:[^"]|"")++)"|(?<![\w$])([^\W\d][\w$]*+))\s*+\(')
_READS = re.compile(r"\b(?:from|update|insert\s+into|execute)\b", re.IGNORECASE)
_FUNCTION = re.compile(r'^CREATE (?:FUNCTION|PROCEDURE) [^.\s]+\.("(?:[^"]|"")+"|[\w$]+)\(', re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """A statement as far as its text alone tells."""

    kind: Kind
    statement: Statement
    """Its text is what is planned: of COPY (SELECT …) TO the SELECT. Its counters are the sums of all."""
    stands_for: tuple[Statement, ...]
    """Those of the snapshot that are planned so, one a role and text."""
    shape: StatementShape | None = None
    """Of a query."""
    reason: str = ""
    """Why it is unreadable."""


@once_a_snapshot
def read_statements(snapshot: Snapshot) -> tuple[Reading, ...]:
    """Return the statements of a snapshot, those that are planned alike as one."""
    return tuple(_readings(snapshot))


@once_a_snapshot
def to_plan(snapshot: Snapshot) -> tuple[Reading, ...]:
    """Return the queries that are planned: of very many those that take most time."""
    queries = [one for one in read_statements(snapshot) if one.kind == "query"]
    return tuple(sorted(queries, key=lambda one: -one.statement.total_ms)[:MOST_PLANNED])


def called_function(text: str, snapshot: Snapshot) -> str | None:
    """Return a function of the schema that a statement calls, where there is one."""
    known = _functions(snapshot)
    if not known:
        return None
    called = (quoted or plain for quoted, plain in _CALLED.findall(text))
    return next((name for name in called if name in known), None)


@once_a_snapshot
def _functions(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(name.strip('"') for name in _FUNCTION.findall(snapshot.schema_sql))


def reads_tables(function: str, snapshot: Snapshot) -> bool:
    """Tell whether a function of the schema may read or write tables, by the words in its body."""
    bodies = re.split(r"^CREATE (?=FUNCTION|PROCEDURE)", snapshot.schema_sql, flags=re.MULTILINE)
    own = (body for body in bodies[1:] if re.match(rf'\w+ [^.\s]+\."?{re.escape(function)}"?\(', body))
    return any(_READS.search(body.split("\n--\n")[0]) for body in own)


def sees_inside(snapshot: Snapshot) -> bool:
    """Tell whether the statements inside functions, procedures and code blocks are in the workload."""
    found = snapshot.setting_by_name.get("pg_stat_statements.track")
    return found is not None and found.raw == "all"


def cut_off(text: str, reason: str) -> str:
    """Return the reason for a statement whose end is missing."""
    return f"its text is cut off after {len(text):,} characters ({reason})"


def _readings(snapshot: Snapshot) -> Iterator[Reading]:
    schemas = _schemas(snapshot)
    views = {name.replace('"', ""): query for name, query in _VIEW.findall(snapshot.schema_sql)}
    planned: dict[tuple[str, tuple[str, ...]], list[Statement]] = {}
    others: dict[str, list[Statement]] = {}
    for statement in snapshot.statements:
        query = inner_query(statement.text) or _refreshed(statement.text, views)
        if query is None:
            others.setdefault(statement.text, []).append(statement)
        else:  # one text means other tables under another search path
            planned.setdefault((query, schemas[statement.role].search_path), []).append(statement)
    for (query, _), same in planned.items():
        yield _read_query(query, tuple(same), schemas[same[0].role])
    for same in others.values():
        yield _without_plan(tuple(same), is_inside_seen=sees_inside(snapshot))


def _schemas(snapshot: Snapshot) -> Mapping[str, Schema]:
    """Return for each role the tables as its search path finds them; equal ones as one, which knows its names once."""
    whole = Schema.of(snapshot)
    by_path = {whole.search_path: whole}
    found: dict[str, Schema] = {}
    for role in {statement.role for statement in snapshot.statements}:
        path = search_path(snapshot, role)
        found[role] = by_path.setdefault(path, replace(whole, search_path=path))
    return found


def _read_query(text: str, same: tuple[Statement, ...], schema: Schema) -> Reading:
    statement = replace(_merged(same), text=text)
    try:
        shape = read_shape(text, schema)
    except UnparsableStatement as error:
        reason = cut_off(text, error.reason) if is_cut_off(text, error.reason) else error.reason
        return Reading("unreadable", statement, same, reason=reason)
    return Reading("no plan" if shape.kind == "other" else "query", statement, same, shape)


def _without_plan(same: tuple[Statement, ...], *, is_inside_seen: bool) -> Reading:
    kind, reason = _why_without_plan(same[0].text.strip(), is_inside_seen=is_inside_seen)
    return Reading(kind, _merged(same), same, reason=reason)


def _why_without_plan(text: str, *, is_inside_seen: bool) -> tuple[Kind, str]:
    if not text:
        return "unreadable", "pg_stat_statements has lost its text"
    if text == HIDDEN:
        return "unreadable", "its text is hidden: grant pg_read_all_stats to the role that reads"
    found = _FIRST_WORD.match(text)
    word = found[1].upper() if found else ""
    if word in _PROCEDURAL:
        reason = f"{_PROCEDURAL[word]} {_SEEN_WHERE}"
        return "no plan" if is_inside_seen else "unreadable", reason
    if not word:
        return "unreadable", "it begins with no SQL command"
    return "no plan", ""


def _refreshed(text: str, views: Mapping[str, str]) -> str | None:
    """Return the query behind a materialised view that is refreshed, where the schema tells it."""
    found = _REFRESH.match(text.strip())
    if found is None:
        return None
    name = found[1].replace('"', "")
    same = [query for known, query in views.items() if name in (known, known.split(".", 1)[-1])]
    return same[0] if len(same) == 1 else None


def _merged(same: Sequence[Statement]) -> Statement:
    """Return statements of one text and search path, run under several roles, as one; the role is that of most time."""
    if len(same) == 1:
        return same[0]
    calls, total = sum(one.calls for one in same), sum(one.total_ms for one in same)
    return replace(
        max(same, key=lambda one: one.total_ms),
        calls=calls,
        total_ms=total,
        mean_ms=total / max(calls, 1),
        max_ms=max(one.max_ms for one in same),
        rows=sum(one.rows for one in same),
        blocks_hit=sum(one.blocks_hit for one in same),
        blocks_read=sum(one.blocks_read for one in same),
        temporary_blocks_written=sum(one.temporary_blocks_written for one in same),
    )


def share_of_time(statements: Iterable[Statement], snapshot: Snapshot) -> float:
    """Return the time of some statements as a share of all time in the workload, in [0, 1]."""
    total = workload_ms(snapshot)
    return sum(one.total_ms for one in statements) / total if total > 0 else 0.0


@once_a_snapshot
def workload_ms(snapshot: Snapshot) -> float:
    """Return the time of all statements together."""
    return sum(one.total_ms for one in snapshot.statements)


def named(statement: Statement, snapshot: Snapshot) -> str:
    """Return a statement as a list of the unread names it: its share of the time, then its text."""
    text = gist(statement.text, 80) or "(empty text)"
    return f"{share(share_of_time([statement], snapshot))} of the workload's time: {text}"
