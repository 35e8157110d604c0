"""The workload of one database, measured on it and on another one that stands for the copy with the fix."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from pgwright.embedded import EmbeddedServer
from pgwright.model.proof import LostRows
from pgwright.proof.statements import Found, measure_statements
from pgwright.snapshot import read_snapshot
from pgwright.twin.priced import read_workload
from pgwright.twin.twin import open_twin
from tests.support.database import Database


def ask(database: Database, *statements: str, times: int = 1) -> None:
    """Make these statements the workload, and nothing else."""
    database.rows("SELECT pg_stat_statements_reset()")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in statements * times:
            if statement.startswith("COPY"):
                with connection.cursor().copy(statement.encode()) as copy:
                    list(copy)
            else:
                connection.execute(statement.encode())


def measure(
    before: Database, after: Database, twin_server: EmbeddedServer, *, rounds: int = 3, lost: Sequence[LostRows] = ()
) -> Found:
    """Measure the workload of the one on both."""
    snapshot = read_snapshot(before.dsn)
    with open_twin(snapshot, twin_server) as twin:
        statements = read_workload(snapshot, twin).statements
    return measure_statements(
        before.dsn, after.dsn, snapshot, statements, lost=lost, rounds=rounds, progress=lambda *_: None
    )
