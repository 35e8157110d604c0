"""Build small snapshots by hand: everything has a harmless default, a test names what it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pgwright.checks import require_check
from pgwright.model.advice import Advice
from pgwright.model.endpoints import ProbedApp, SeenEndpoint, StatementProblem
from pgwright.model.finding import CodeLine, Finding
from pgwright.model.index import Index, IndexDefinition, IndexKey
from pgwright.model.materialized_view import MaterializedViewState
from pgwright.model.migration import MigrationEnvironment, ObservedRevision, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.policy import Policy
from pgwright.model.probe import ProbeCall, ProbedEndpoint
from pgwright.model.server import Role, Server, Session, Setting
from pgwright.model.snapshot import FORMAT, Snapshot
from pgwright.model.statement import Statement
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Column, ForeignKey, Table
from tests.support.unread import require_no_false_finding

TAKEN_AT = "2026-11-01T12:00:00+00:00"
_BASE_TYPES = {
    "bigint": "int8",
    "integer": "int4",
    "smallint": "int2",
    "character varying": "varchar",
    "character": "bpchar",
    "timestamp with time zone": "timestamptz",
    "boolean": "bool",
}

_OF_THE_DEFINITION = (
    "include",
    "predicate",
    "is_unique",
    "nulls_not_distinct",
    "method",
    "parameters",
    "is_deferrable",
)


def run(check: str, snapshot: Snapshot) -> list[Finding]:
    """Return the findings of one check."""
    return [answer for answer in _answers(check, snapshot) if isinstance(answer, Finding)]


def not_examined(check: str, snapshot: Snapshot) -> list[NotExamined]:
    """Return what one check could not look at."""
    return [answer for answer in _answers(check, snapshot) if isinstance(answer, NotExamined)]


def _answers(check: str, snapshot: Snapshot) -> list[Finding | NotExamined]:
    found = require_check(check)
    answers = list(found.find(snapshot))
    require_no_false_finding(found, snapshot, answers)
    return answers


def evidence(finding: Finding) -> dict[str, str]:
    """Return the evidence of a finding by name."""
    return {entry.name: entry.value for entry in finding.evidence}


def make_advice(**fields: Any) -> Advice:
    """Return an advice that found nothing to do."""
    defaults: dict[str, Any] = {
        "indexes": (),
        "statements": 1,
        "cost_before": 1.0,
        "cost_after": 1.0,
        "budget_bytes": None,
        "candidates": 0,
        "plans": 1,
        "seconds": 0.1,
        "unplanned": (),
        "limits": (),
        "planned_on": PlannedOn("18.6", True, "", "role alone"),
    }
    return Advice(**{**defaults, **fields})


def make_app(*endpoints: SeenEndpoint) -> ProbedApp:
    """Return an app whose endpoints were called."""
    return ProbedApp("shop.main:app", "shop", "18.0", TAKEN_AT, endpoints)


def make_pending(*revisions: ObservedRevision, snapshot: Snapshot | None = None) -> PendingMigrations:
    """Return revisions that ran on a twin."""
    return PendingMigrations(
        directory="alembic.ini",
        database="shop",
        observed_on="18.6",
        linted_at=TAKEN_AT,
        start=(),
        heads=tuple(one.revision for one in revisions[-1:]),
        revisions=revisions,
        environment=MigrationEnvironment("migrations/env.py"),
        snapshot=snapshot,
    )


def make_endpoint(
    name: str,
    *queries: int,
    rows: Sequence[int] = (3, 30),
    small: Sequence[StatementProblem] = (),
    large: Sequence[StatementProblem] = (),
) -> SeenEndpoint:
    """Return an endpoint with the queries and the rows of each of its calls, one or two, and the problems there."""
    calls = tuple(
        ProbeCall(f"limit={count}", number, count, None, 1.0) for number, count in zip(queries, rows, strict=False)
    )
    endpoint = ProbedEndpoint(name, "page size" if len(calls) > 1 else "nothing", calls)
    return SeenEndpoint(endpoint, tuple(small), tuple(large))


def make_problem(kind: str = "lazy load", count: int = 30, **fields: Any) -> StatementProblem:
    """Return what the guard says of a relationship that is loaded row by row."""
    defaults: dict[str, Any] = {
        "relationship": "Order.items",
        "fingerprint": "f1",
        "statement": "SELECT * FROM items WHERE order_id = $1",
        "remedy": "add selectinload(Order.items) to the query of Order",
        "place": CodeLine("shop/main.py", 7, "orders"),
        "parent": "Order",
    }
    return StatementProblem(kind=kind, count=count, **{**defaults, **fields})  # type: ignore[arg-type]


def qualified(name: str | QualifiedName) -> QualifiedName:
    """Return `schema.name`, in `public` where none is named."""
    if isinstance(name, QualifiedName):
        return name
    schema, _, relation = name.rpartition(".")
    return QualifiedName(schema or "public", relation)


def make_snapshot(
    *parts: object, policy: Policy | None = None, server: Server | None = None, **fields: Any
) -> Snapshot:
    """Return a snapshot of tables, indexes, foreign keys, …, each put where it belongs."""

    def of(kind: type) -> tuple[Any, ...]:
        return tuple(part for part in parts if isinstance(part, kind))

    made: dict[str, Any] = {
        "tables": of(Table),
        "indexes": of(Index),
        "foreign_keys": of(ForeignKey),
        "statistics": of(ColumnStatistics),
        "statements": of(Statement),
        "sessions": of(Session),
        "settings": of(Setting),
        "roles": of(Role),
        "materialized_views": of(MaterializedViewState),
        **fields,
    }
    return Snapshot(format=FORMAT, taken_at=TAKEN_AT, server=server or make_server(), policy=policy or Policy(), **made)


def make_server(**fields: Any) -> Server:
    defaults: dict[str, Any] = {
        "version_number": 180_000,
        "database": "shop",
        "database_bytes": 10**9,
        "role": "reader",
        "role_is_superuser": False,
        "started_at": "2026-06-01 00:00:00+00",
        "statistics_reset_at": "2026-07-01 00:00:00+00",
        "is_standby": False,
        "replica_count": 0,
        "is_pooled": False,
        "blocks_hit": 0,
        "blocks_read": 0,
        "extensions": ("pg_stat_statements", "plpgsql"),
        "available_extensions": ("pg_stat_statements", "plpgsql"),
        "transaction_id_age": 1_000,
        "alembic_revisions": (),
        "collation": "C",
        "public_may_create": False,
    }
    return Server(**{**defaults, **fields})


def make_table(name: str | QualifiedName, columns: str = "id bigint", *, rows: float = 0, **fields: Any) -> Table:
    """Return a table; `columns` is written as in CREATE TABLE, `NOT NULL` and `DEFAULT` included."""
    parsed = tuple(_column(text.strip(), n) for n, text in enumerate(re.split(r",(?![^(]*\))", columns), start=1))
    defaults: dict[str, Any] = {
        "kind": "table",
        "primary_key": (),
        "parent": None,
        "row_estimate": rows,
        "pages": int(rows // 50),
        "analyzed_pages": int(rows // 50),
        "all_visible_pages": 0,
        "total_bytes": int(rows * 200),
        "sequential_scans": 0,
        "sequential_rows_read": 0,
        "index_scans": 0,
        "rows_inserted": 0,
        "rows_updated": 0,
        "rows_deleted": 0,
        "rows_hot_updated": 0,
        "live_rows": int(rows),
        "dead_rows": 0,
        "rows_modified_since_analyze": 0,
        "last_vacuum_at": None,
        "last_analyze_at": "2026-10-31 00:00:00+00" if rows else None,
        "frozen_age": 0,
        "has_row_security": False,
        "fill_factor": 100,
    }
    fields = {key: qualified(value) if key == "parent" and value else value for key, value in fields.items()}
    return Table(name=qualified(name), columns=parsed, **{**defaults, **fields})


def _column(text: str, position: int) -> Column:
    name, rest = re.match(r'("[^"]+"|\S+) (.+)', text).groups()  # type: ignore[union-attr]
    type_name, *_ = re.split(r" (?:NOT NULL|DEFAULT|GENERATED)", rest)
    default = re.search(r"DEFAULT (.+)", rest)
    return Column(
        name=name.strip('"'),
        position=position,
        type=type_name,
        base_type=_BASE_TYPES.get(re.sub(r"\(.*\)", "", type_name), re.sub(r"\(.*\)", "", type_name)),
        is_nullable="NOT NULL" not in rest,
        default=default[1] if default else None,
        is_identity="AS IDENTITY" in rest,
        is_generated=False,
        collation=None,
    )


def make_index(name: str, table: str | QualifiedName, keys: str | Sequence[IndexKey], **fields: Any) -> Index:
    """Return an index; `keys` is a list of columns as in CREATE INDEX, `DESC` included, or IndexKeys."""
    own = qualified(table)
    definition = IndexDefinition(
        name=name,
        table=own,
        keys=tuple(map(_key, keys.split(","))) if isinstance(keys, str) else tuple(keys),
        **{key: fields.pop(key) for key in _OF_THE_DEFINITION if key in fields},
    )
    defaults: dict[str, Any] = {
        "sql": definition.sql(),
        "is_primary": False,
        "constraint": None,
        "is_exclusion": False,
        "is_valid": True,
        "is_replica_identity": False,
        "parent": None,
        "size_bytes": 8192,
        "pages": 1,
        "analyzed_pages": 1,
        "row_estimate": 0.0,
        "tree_height": 0,
        "scans": 0,
        "rows_read": 0,
        "last_scan_at": None,
    }
    fields = {key: qualified(value) if key == "parent" and value else value for key, value in fields.items()}
    return Index(name=QualifiedName(own.schema, name), definition=definition, **{**defaults, **fields})


def _key(text: str) -> IndexKey:
    column, _, direction = text.strip().partition(" ")
    return IndexKey(column, is_descending=direction == "DESC")


def make_foreign_key(
    table: str | QualifiedName, columns: str, referenced: str, to: str = "id", **fields: Any
) -> ForeignKey:
    """Return a foreign key; columns are separated by commas."""
    own, other = qualified(table), qualified(referenced)
    mine, theirs = tuple(columns.split(", ")), tuple(to.split(", "))
    defaults: dict[str, Any] = {
        "name": f"{own.name}_{'_'.join(mine)}_fkey",
        "on_delete": "no action",
        "on_update": "no action",
        "is_validated": True,
        "is_inherited": False,
        "definition": f"FOREIGN KEY ({columns}) REFERENCES {other}({to})",
    }
    return ForeignKey(
        table=own, columns=mine, referenced_table=other, referenced_columns=theirs, **{**defaults, **fields}
    )


def make_statistics(
    table: str | QualifiedName, column: str, values: Sequence[str] | None = None, **fields: Any
) -> ColumnStatistics:
    """Return statistics with these values as histogram."""
    defaults: dict[str, Any] = {
        "is_inherited": False,
        "null_fraction": 0.0,
        "average_width": 37,
        "distinct": -1.0,
        "correlation": 0.0,
        "common_values": None,
        "common_frequencies": None,
        "histogram": tuple(values) if values else None,
    }
    return ColumnStatistics(relation=qualified(table), column=column, **{**defaults, **fields})


def make_statement(
    text: str, *, calls: int = 1_000, rows: int = 0, query_id: int | None = None, **fields: Any
) -> Statement:
    """Return a statement of the workload that takes 1 ms a call."""
    defaults: dict[str, Any] = {
        "role": "app",
        "total_ms": float(calls),
        "mean_ms": 1.0,
        "max_ms": 2.0,
        "deviation_ms": 0.1,
        "blocks_hit": 4 * calls,
        "blocks_read": 0,
        "temporary_blocks_written": 0,
    }
    number = query_id if query_id is not None else sum(map(ord, text))
    return Statement(query_id=number, text=text, calls=calls, rows=rows, **{**defaults, **fields})


def make_setting(name: str, value: str, raw: str | None = None) -> Setting:
    return Setting(name=name, value=value, raw=value if raw is None else raw, is_default=False, is_planner=False)


def make_session(**fields: Any) -> Session:
    defaults = {
        "application": "api",
        "role": "app",
        "state": "idle",
        "state_seconds": 1.0,
        "transaction_seconds": 0.0,
    }
    return Session(**{**defaults, **fields})
