"""The functions themselves, in one file that needs nothing else of the runtime: a revision may carry their source."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from textwrap import dedent

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

# Whoever waits for an exclusive lock holds up all who come after; so wait shortly, let
# the others pass, and try again.
LOCK_WAIT = "2s"
TRIES = 20

# A concurrent build waits for older transactions, but nobody who reads or writes queues
# behind it.
LONG_WAIT = "30min"


@contextmanager
def patient_session() -> Iterator[None]:
    """Let long steps run to their end; give the session its own settings back after.

    A backslash in a text is a backslash, whatever the database's own setting says. It
    needs a session of its own: no pooler in transaction mode.
    """
    if getattr(op.get_context(), "_in_external_transaction", False):
        raise CommandError(
            "env.py began a transaction before context.begin_transaction(), and CREATE "
            "INDEX CONCURRENTLY runs in none: let it use connect(), not begin(), and "
            "commit what it executes before, which begins a transaction as well"
        )
    settings = """
        FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout',
            'transaction_timeout', 'idle_in_transaction_session_timeout',
            'standard_conforming_strings')
    """
    own = "'pgwright.' || name"
    value = "CASE name WHEN 'standard_conforming_strings' THEN 'on' ELSE '0' END"
    _execute(f"SELECT set_config({own}, current_setting(name), false) {settings}")
    _execute(f"SELECT set_config(name, {value}, false) {settings}")
    yield
    _execute(f"SELECT set_config(name, current_setting({own}), false) {settings}")


def _execute(statement: str) -> None:
    """Send one statement as it stands; in offline mode print it."""
    context, sql = op.get_context(), dedent(statement).strip()
    if context.as_sql:
        context.impl.static_output(f"{sql};")
    else:
        options = {"no_parameters": True}  # a percent sign is a percent sign
        op.get_bind().exec_driver_sql(sql, execution_options=options)


def run(statement: str, wait: str = LOCK_WAIT, tries: int = TRIES) -> None:
    """Run one statement; try again when a lock does not come in time."""
    _execute(f"SET lock_timeout = '{wait}'")
    if op.get_context().as_sql:
        _execute(statement)
        return
    connection = op.get_bind()
    level = connection.get_execution_options().get("isolation_level")
    for attempt in range(1, tries + 1):
        try:
            with nullcontext() if level == "AUTOCOMMIT" else connection.begin_nested():
                _execute(statement)
            return
        except sa.exc.DBAPIError as error:
            codes = [getattr(error.orig, name, None) for name in ("sqlstate", "pgcode")]
            if not {"55P03", "40P01"}.intersection(codes):  # no lock, deadlock
                raise
            if attempt == tries:
                raise CommandError(
                    f"no lock in {tries} tries of {wait} for: {dedent(statement).strip()}\n"
                    f"Who may hold it, longest first: {_oldest_transactions()}\n"
                    "Run this again when they are through; what is done is not done twice."
                ) from error
        _execute(f"SELECT pg_sleep({random.uniform(0.1, 2):.2f})")


def run_long(statement: str) -> None:
    """Run a statement that may wait long, for nobody queues behind it."""
    run(statement, wait=LONG_WAIT, tries=1)


def _oldest_transactions() -> str:
    """Name the sessions that may hold the lock."""
    query = """
        SELECT format('pid %s (%s, %s, for %s): %s', pid, usename, state,
            date_trunc('second', clock_timestamp() - xact_start), left(query, 60))
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND xact_start IS NOT NULL
        ORDER BY xact_start LIMIT 3
    """
    options = {"no_parameters": True}
    rows = op.get_bind().exec_driver_sql(query, execution_options=options)
    return "; ".join(row[0] for row in rows) or "they have ended"


def create_index(index: str, statement: str) -> None:
    """Build an index concurrently; what an interrupted build left goes first."""
    _drop_invalid(index)
    try:
        run_long(statement)
    except Exception:
        # Whoever stopped the build may stop this too; then the next run does it.
        with suppress(sa.exc.DBAPIError, CommandError):
            _drop_invalid(index, tries=1)
        raise


def _drop_invalid(index: str, tries: int = TRIES) -> None:
    """Drop the index if it is invalid: IF NOT EXISTS would keep it, useless as it is."""
    found = "FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass"
    if op.get_context().as_sql:
        escaped = index.replace("\\", r"\\").replace("'", "''")
        condition = f"EXISTS (SELECT {found}(E'{escaped}'))"
        drop = f"IF {condition} THEN DROP INDEX {index}; END IF;"
        tag = "$drop_invalid$"
        while tag in drop:  # a name may hold anything
            tag = f"{tag[:-1]}_$"
        _execute(f"DO {tag} BEGIN {drop} END {tag}")
    elif op.get_bind().scalar(sa.text(f"SELECT 1 {found}(:index)"), {"index": index}):
        run(f"DROP INDEX CONCURRENTLY IF EXISTS {index}", tries=tries)
