"""Domains without their CHECKs, for as long as values are read: reading one would run functions of the source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from pgwright.sql_files import read_sql


@contextmanager
def unchecked_domains(owner: psycopg.Connection) -> Iterator[None]:
    """Take the CHECKs off all domains of the owner, also those inside arrays and composites, and put them back.

    They are put back because the planner folds a cast to a domain that has none.
    """
    checks = owner.execute(read_sql("pgwright.twin", "domain_checks").encode()).fetchall()
    for dropping, _ in checks:
        owner.execute(dropping.encode())
    try:
        yield
    finally:
        for _, adding in checks:
            owner.execute(adding.encode())
