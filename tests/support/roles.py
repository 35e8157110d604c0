"""A role of one test, with what it was granted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from psycopg.conninfo import make_conninfo

from pgwright.model.not_examined import NotExamined
from tests.support.database import Database


@contextmanager
def role_of(database: Database, *grants: str) -> Iterator[str]:
    """Create a role, grant it this, and give its DSN; dropped at the end, with what it owns."""
    role = f"r_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN")
    try:
        for grant in grants:
            database.execute(f"GRANT {grant} TO {role}")
        yield make_conninfo(database.dsn, user=role)
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def apply_remedies(database: Database, missing: Iterable[NotExamined]) -> None:
    """Run as superuser what a report advises, each statement once."""
    statements = [part.strip() for one in missing for part in one.remedy.split("--")[0].split(";")]
    database.execute("; ".join(dict.fromkeys(part for part in statements if part)))
