"""The workload: `pg_stat_statements`, without our own statements and backups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from pgwright.database import ExtensionFunction, ReadOnlyDatabase, Row
from pgwright.errors import QueryFailed, UnparsableStatement
from pgwright.figures import count, share
from pgwright.marks import begins_dump, is_of_app
from pgwright.model.names import quote_literal
from pgwright.model.not_examined import NotExamined
from pgwright.model.server import Server
from pgwright.model.statement import NONE_UNREAD, Statement, UnreadStatements
from pgwright.model.table import Table
from pgwright.snapshot.grants import Grants
from pgwright.snapshot.tables import PACKAGE
from pgwright.sqltext import Schema, has_plan, inner_query, outline, read_shape

# pg_stat_statements.max is 5,000 by default: this takes all of them, and bounds a server that keeps more.
MOST_STATEMENTS = 5_000
_EXTENSION = "pg_stat_statements"
_FUNCTION = "pg_stat_statements(boolean)"
_INFO = "pg_stat_statements_info()"
# character_not_in_repertoire, untranslatable_character.
_OTHER_ENCODING = ("22021", "22P05")
_PARTS = ("statements",)


@dataclass(frozen=True)
class StatementsRead:
    statements: tuple[Statement, ...] = ()
    unread: UnreadStatements = NONE_UNREAD
    has_own: bool = False
    """The role that reads ran some on the user's tables: the app works as it."""
    observed_seconds: float | None = None


def read_statements(
    database: ReadOnlyDatabase,
    server: Server,
    grants: Grants,
    tables: Iterable[Table],
    missing: list[NotExamined],
) -> StatementsRead:
    """Return the statements of this database, the most expensive first; what hinders goes to `missing`.

    Where none of those that the role sees is about one of the tables, all that it sees is its own reading: then there
    are no statements.
    """
    function = database.extension_function(_EXTENSION, _FUNCTION)
    if (cause := _closed(database, function, server, grants)) is not None or function is None:
        missing.extend([cause] if cause else [])
        return StatementsRead()
    (known,) = database.read(PACKAGE, "workload", relation=f"{function.name}(false)")
    every, is_refused = _read_rows(database, function)
    rows = [row for row in every if is_of_app(row["text"] or "")]
    left, left_ms = _left(known, every) if is_refused or len(every) == MOST_STATEMENTS else (0, 0.0)
    known |= {
        "statements": known["hidden"] + left + len(rows),
        "total_ms": known["hidden_ms"] + left_ms + _total_ms(rows),
    }
    is_blind = known["hidden"] > 0 and not _is_about(rows, tables)
    statements = tuple(
        Statement(**{**row, "role": row["role"] or "", "text": _kept(row["text"] or "", server)}) for row in rows
    )
    has_own = _is_about((row for row in rows if _is_own(row, server)), tables)
    grants = replace(grants, is_of_app=grants.is_of_app or has_own)
    age = _age(database)
    causes = (_switched_off(known), _without_commands(known), _dropped(age), _hidden(known, grants, is_blind))
    missing.extend(cause for cause in causes if cause is not None)
    if left:
        most = f"only the {count(MOST_STATEMENTS)} that took most time are read"
        part = _part(left, left_ms, known)
        missing.append(_other_encoding(database, function, part) if is_refused else NotExamined(part, most))
    unread = UnreadStatements(known["hidden"] + left, known["hidden_ms"] + left_ms)
    return StatementsRead(() if is_blind else statements, unread, has_own, age["seconds"] if age else None)


def _is_own(row: Row, server: Server) -> bool:
    """Tell whether our role ran it, as a command of the app rather than to copy."""
    return row["role"] == server.role and has_plan(row["text"] or "")


def _is_about(rows: Iterable[Row], tables: Iterable[Table]) -> bool:
    schema = Schema({table.name: frozenset(table.column_by_name) for table in tables})
    for row in rows:
        with suppress(UnparsableStatement):
            if read_shape(inner_query(row["text"] or "") or "", schema).tables:
                return True
    return False


def _left(known: Row, read: Sequence[Row]) -> tuple[int, float]:
    """Return how many statements that we may see were not read, and their time."""
    # While we read, our own statements are counted too, and others dropped for them.
    left = max(0, known["statements"] - known["hidden"] - len(read))
    return left, max(0.0, known["total_ms"] - known["hidden_ms"] - _total_ms(read)) if left else 0.0


def _total_ms(rows: Iterable[Row]) -> float:
    return sum(float(row["total_ms"]) for row in rows)


def _read_rows(database: ReadOnlyDatabase, function: ExtensionFunction) -> tuple[list[Row], bool]:
    """Return the rows, and whether the server refused some for the encoding of their text."""
    relation = f"{function.name}(true)"
    try:
        return database.read(PACKAGE, "statements", {"limit": MOST_STATEMENTS}, relation=relation), False
    except QueryFailed as error:
        if error.sqlstate not in _OTHER_ENCODING:
            raise
    return _by_role(database, function), True


def _part(number: int, ms: float, known: Row) -> str:
    whole = known["statements"]
    part = share(ms / known["total_ms"] if known["total_ms"] else number / whole)
    return f"{count(number)} of {count(whole, 'statement')}, {part} of the workload's time"


def _by_role(database: ReadOnlyDatabase, function: ExtensionFunction) -> list[Row]:
    """Return the statements of the roles whose texts can be told: as one of them, the server tells its own only."""
    found: dict[tuple[str, int], Row] = {}
    for role in database.read(PACKAGE, "statement_roles", relation=f"{function.name}(false)"):
        try:
            rows = database.read(
                PACKAGE, "statements", {"limit": MOST_STATEMENTS}, relation=f"{function.name}(true)", role=role["name"]
            )
        except QueryFailed:  # its own texts cannot be told, or we may not become that role
            continue
        found |= {(row["role"], row["query_id"]): row for row in rows}
    return sorted(found.values(), key=lambda row: -row["total_ms"])[:MOST_STATEMENTS]


def _closed(
    database: ReadOnlyDatabase, function: ExtensionFunction | None, server: Server, grants: Grants
) -> NotExamined | None:
    """Return why the function cannot be called, and what helps."""
    what = "the workload"
    if function is None:
        (row,) = database.read(PACKAGE, "statements_known")
        if _EXTENSION in server.extensions:
            return NotExamined(what, f"the function of {_EXTENSION} here is not the extension's own", "", _PARTS)
        reason = f"{_EXTENSION} is not installed in this database"
        create = f"CREATE EXTENSION {_EXTENSION}"
        load = "" if row["is_loaded"] else "add it to shared_preload_libraries, restart, then "
        return NotExamined(what, reason, load + create, _PARTS)
    if not function.may_use_schema:
        reason = f"permission denied for the schema of {_EXTENSION}, {function.schema}"
        return NotExamined(what, reason, grants.use(function.schema), _PARTS)
    if not function.may_call:
        reason = f"permission denied for the function {_EXTENSION}"
        return NotExamined(what, reason, grants.call(f"{function.name}(boolean)"), _PARTS)
    return None


def _switched_off(known: Row) -> NotExamined | None:
    for name, value, on in (
        ("pg_stat_statements.track", known["track"] == "none", "top"),
        ("compute_query_id", known["computes_ids"] == "off", "auto"),
    ):
        if value:
            return NotExamined(
                "what runs now",
                f"{name} is off: pg_stat_statements counts nothing",
                f"ALTER SYSTEM SET {name} = {on}; SELECT pg_reload_conf()",
                () if known["statements"] else _PARTS,
            )
    return None


def _without_commands(known: Row) -> NotExamined | None:
    if known["tracks_commands"] != "off":
        return None
    name = "pg_stat_statements.track_utility"
    return NotExamined(
        "what runs as a command: COPY, cursors, CALL, DO, REFRESH",
        f"{name} is off: pg_stat_statements does not count it",
        f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf()",
    )


def _age(database: ReadOnlyDatabase) -> Row | None:
    """Return since when it counts, and what it dropped; None where the server does not say, as before 14."""
    function = database.extension_function(_EXTENSION, _INFO)
    if function is None or not function.may_call:
        return None
    return database.read(PACKAGE, "workload_age", relation=f"{function.name}()")[0]


def _dropped(age: Row | None) -> NotExamined | None:
    """Return that statements were dropped for others."""
    if age is None or not age["times"]:
        return None
    most = count(age["most"])
    return NotExamined(
        "statements that pg_stat_statements has dropped",
        f"it keeps {most}, and made room by dropping the rarest {count(age['times'], 'time')} since {age['since']}: "
        "nobody knows their share of the time",
        "raise pg_stat_statements.max, which takes a restart",
    )


def _hidden(known: Row, grants: Grants, is_blind: bool) -> NotExamined | None:
    if not known["hidden"]:
        return None
    return NotExamined(
        _part(known["hidden"], known["hidden_ms"], known),
        "they ran as other roles, and the server hides their text",
        grants.monitor(),
        _PARTS if is_blind else (),
    )


def _other_encoding(database: ReadOnlyDatabase, function: ExtensionFunction, part: str) -> NotExamined:
    """Return that a text cannot be told in this database's encoding; the server gives all texts or none."""
    found = database.read(PACKAGE, "other_encodings", relation=f"{function.name}(false)")
    of_one = "SELECT {}_reset(0, (SELECT oid FROM pg_database WHERE datname = {}), 0)"
    of_dropped = (
        "SELECT {0}_reset(0, dbid, 0) FROM (SELECT DISTINCT dbid FROM {0}(false)) AS known "
        "WHERE dbid NOT IN (SELECT oid FROM pg_database)"
    )
    resets = [
        of_one.format(function.name, quote_literal(row["name"])) if row["name"] else of_dropped.format(function.name)
        for row in found
    ]
    return NotExamined(
        part,
        "pg_stat_statements holds a text of another database that this one's encoding cannot express, and the server "
        "then refuses the texts of all roles that may see it",
        "; ".join(resets),
    )


def _kept(text: str, server: Server) -> str:
    """Return the text without constants: a utility statement keeps them, ALTER ROLE … PASSWORD among them.

    PostgreSQL takes them out of the queries inside utility statements from version 16 on.
    """
    is_kept = begins_dump(text) or has_plan(text) or (server.major >= 16 and inner_query(text) is not None)
    return text if is_kept else outline(text)
