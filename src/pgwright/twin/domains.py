"""Domains without their CHECKs, for as long as values are read: reading one would run functions of the source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from pgwright.sql_files import read_sql


@contextmanager
def unchecked_domains(owner: psycopg.Connection) -> Iterator[None]:
    """Take the CHECKs off all domains of the source, also those inside arrays and composites, and put them back.

    They are put back because the planner folds a cast to a domain that has none. A function of the source may bring
    one back meanwhile: before the superuser reads values, `refuse_checks` makes sure.
    """
    dropped: list[str] = []
    for dropping, adding in owner.execute(read_sql("pgwright.twin", "domain_checks").encode()).fetchall():
        with suppress(psycopg.Error):
            owner.execute(dropping.encode())
            dropped.append(adding)
    try:
        yield
    finally:
        for adding in dropped:
            with suppress(psycopg.Error):
                owner.execute(adding.encode())


def refuse_checks(catalogs: psycopg.Connection) -> None:
    """Let a transaction of the superuser go on only where no value runs a function of the source, until it ends.

    Raises: psycopg.Error: a domain has a CHECK, a type an input function of its own, or a session could bring them.
    """
    catalogs.execute(read_sql("pgwright.twin", "hold_domains").encode())


def types_of(owner: psycopg.Connection, query: str, count: int) -> list[int]:
    """Return the types of a query's first columns, of domains their base types; 0 where the server does not tell.

    The query is parsed, not planned: that would compute its constants. Names are those of the catalog, whatever a
    function of the source has set; after `refuse_checks` nothing of the source runs in between.
    """
    owner.execute("SET search_path = pg_catalog, pg_temp")
    owner.pgconn.prepare(b"", query.encode())
    described = owner.pgconn.describe_prepared(b"")
    return [described.ftype(place) for place in range(count)]
