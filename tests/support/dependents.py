"""Databases full of dependents, each with its workload: fixed as a user would, they work as before and lose nothing."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile

import psycopg
from pglast import split

from pgwright import pipeline
from pgwright.checks import require_check
from pgwright.embedded import binaries
from pgwright.model.change import DropIndex
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import render_script
from tests.support.database import Database

FOLDER = Path(__file__).parents[1] / "remedies" / "dependents"
# Often enough that statistics of the workload call it hot.
_ROUNDS = 3
_FROM = re.compile(r"-- from PostgreSQL (\d+)")


@dataclass(frozen=True)
class Schema:
    name: str
    setup: str
    workload: tuple[str, ...]
    since: int
    """The first major version of PostgreSQL that knows what it holds."""


def _read(path: Path) -> Schema:
    text = path.read_text()
    setup, workload = text.split("-- workload\n")
    found = _FROM.match(text)
    return Schema(path.stem, setup, tuple(split(workload)), int(found[1]) if found else 13)


SCHEMAS = tuple(map(_read, sorted(FOLDER.glob("*.sql"))))


@dataclass(frozen=True)
class Outcome:
    """What a fix did to a database and to the statements that run there."""

    written: tuple[str, ...]
    """The titles of the remedies."""
    failing: tuple[str, ...]
    """Statements that ran before and do not run now, with the error."""
    lost: tuple[str, ...]
    """What the database held before and does not hold now."""
    duplicates: tuple[str, ...]
    """Indexes that `fix` would still drop as duplicates."""


def fix_and_compare(database: Database, schema: Schema, *, only_safe: bool, with_advice: bool) -> Outcome:
    """Check, fix with every remedy (of class safe), apply the script with psql, and run the workload again.

    Args:
        only_safe: also those of findings that are only possible; else all of what `fix` writes by default.
    """
    database.execute(f"CREATE EXTENSION IF NOT EXISTS pg_stat_statements; {schema.setup}")
    database.execute("VACUUM ANALYZE")
    _forget(database)
    for _ in range(_ROUNDS):
        before = run_workload(database, schema)
    held = contents(database, with_types=only_safe)
    snapshot, findings = _check(database, with_advice)
    fix = pipeline.fix(snapshot, findings, with_possible=only_safe)
    if only_safe:
        fix = replace(fix, remedies=tuple(one for one in fix.remedies if one.is_safe))
    apply_fix(database, fix, snapshot)
    after = run_workload(database, schema)
    dropped = {str(one.change.name) for one in fix.remedies if isinstance(one.change, DropIndex)}
    duplicates = _duplicates(database)
    return Outcome(
        written=tuple(one.title for one in fix.remedies),
        failing=tuple(f"{text}: {error}" for text, error in after.items() if text not in before),
        lost=tuple(sorted(held - contents(database, with_types=only_safe) - dropped)),
        duplicates=duplicates,
    )


def run_workload(database: Database, schema: Schema) -> dict[str, str]:
    """Run each statement in a transaction that is rolled back, constraints checked; return the errors by statement."""
    errors = {}
    with database.counted_session() as connection:
        for statement in schema.workload:
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(statement.encode())
                    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except psycopg.Error as error:
                errors[statement] = str(error).splitlines()[0]
    return errors


def _forget(database: Database) -> None:
    database.execute(
        "SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)"
    )


def _check(database: Database, with_advice: bool) -> tuple[Snapshot, tuple[Finding, ...]]:
    """Check as if the counters had counted for months, so that unused indexes are found too."""
    snapshot = pipeline.take_snapshot(database.dsn)
    old = replace(snapshot.server, statistics_reset_at="2020-01-01 00:00:00+00")
    snapshot = replace(snapshot, server=old)
    return snapshot, pipeline.check(snapshot, with_advice=with_advice).findings


def apply_fix(database: Database, fix: Fix, snapshot: Snapshot) -> None:
    """Run what `fix` writes as a script, with psql, as a user does."""
    script = render_script(fix, message="fix", database=database.name, taken_at=snapshot.taken_at)
    with NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [str(binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.dsn, "-f", file.name]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{ran.stderr}\n{script}"


def _duplicates(database: Database) -> tuple[str, ...]:
    found = require_check("duplicate-index").find(pipeline.take_snapshot(database.dsn))
    return tuple(one.object for one in found if isinstance(one, Finding) and one.changes)


_CONTENTS = Path(__file__).with_name("contents.sql")
# The planner asks either.
_EXPRESSIONS = (
    (
        "SELECT concat('statistics target of an expression of ', stxrelid::regclass, ' ', "
        "trim((pg_get_statisticsobjdef_expressions(oid))[1], '()'), ' ', stxstattarget) FROM pg_statistic_ext "
        "WHERE stxstattarget > 0 AND 'e' = ANY (stxkind)"
    ),
    (
        "SELECT concat('statistics of an expression of ', "
        "(quote_ident(schemaname) || '.' || quote_ident(tablename))::regclass, ' ', trim(expr, '()')) FROM "
        "pg_stats_ext_exprs WHERE n_distinct IS NOT NULL"
    ),
)


def contents(database: Database, *, with_types: bool) -> set[str]:
    """Return all that must not get lost: constraints, rows, statistics, privileges and whatever hangs on a table."""
    types = "format_type(a.atttypid, a.atttypmod)" if with_types else "''"
    queries = list(split(_CONTENTS.read_text().format(types=types)))
    (version,) = database.rows("SELECT current_setting('server_version_num')::int / 10000")
    if int(str(version[0])) >= 14:
        queries += _EXPRESSIONS
    held = {str(text) for query in queries for (text,) in database.rows(query)}
    tables = database.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND "
        "relnamespace::regnamespace::text !~ '^(pg_|information_schema)'"
    )
    for (table,) in tables:
        ((rows,),) = database.rows(
            f"SELECT concat(count(*), md5(string_agg(t::text, '' ORDER BY t::text))) FROM {table} t"
        )
        held.add(f"rows of {table}: {rows}")
    return held
