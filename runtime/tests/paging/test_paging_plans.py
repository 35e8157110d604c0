"""A page deep inside a large table reads its own rows from the index, and next to nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, create_engine, event, func, select, text
from sqlalchemy.orm import Session

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.paging import Pager, suggest_index

SECRET = b"a secret of the test's own"
PAGER = Pager(secret=SECRET)
ROWS = 50_000
SIZE = 50
metadata = MetaData()
visits = Table(
    "visits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", Integer, nullable=False),
    Column("status", String, nullable=False),
    Column("name", String, nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)
# Three statuses: ties of thousands of rows. Half of `ended_at` is NULL.
FILL = f"""
INSERT INTO visits
SELECT n, mod(n, 10), (ARRAY['done', 'failed', 'open'])[1 + mod(n, 3)], md5(n::text),
       CASE WHEN mod(n, 2) = 0 THEN timestamptz '2026-01-01' + n / 7 * interval '1 second' END
FROM generate_series(1, {ROWS}) AS n
"""
c = visits.c
ORDERS = {
    "one direction": [c.name, c.id],
    "descending": [c.name.desc(), c.id.desc()],
    "mixed directions": [c.name, c.id.desc()],
    "a long tie first": [c.status, c.name.desc(), c.id],
    "NULLs last": [c.ended_at, c.id],
    "NULLs first": [c.ended_at.asc().nulls_first(), c.id.desc()],
    "descending, NULLs last": [c.ended_at.desc().nulls_last(), c.id],
    "an expression": [func.upper(c.name).desc(), c.id],
    "a tie, then NULLs": [c.status.desc(), c.ended_at.desc(), c.id.desc()],
}


@pytest.fixture(scope="module")
def session(server: EmbeddedServer) -> Iterator[Session]:
    server.create_database("paging_plans")
    engine = create_engine(server.url("paging_plans", "psycopg"))
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(FILL)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE visits")
    with Session(engine) as session:
        yield session
    engine.dispose()
    server.drop_database("paging_plans")


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in plan:
        yield plan
    for child in plan.get("Plans", []):
        yield from scans(child)


def explained(session: Session, statement: Any, cursor: str) -> tuple[list[int], list[dict[str, Any]]]:
    """Return a page and the plan of each statement that it took, as it ran."""
    sent: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, text: str, parameters: Any, *___: Any) -> None:
        sent.append((text, parameters))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    page = PAGER.page(session, statement, size=SIZE, cursor=cursor)
    event.remove(connection, "before_cursor_execute", note)
    explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
    return page.items, [
        connection.exec_driver_sql(explain + text, parameters).scalar_one()[0]["Plan"] for text, parameters in sent
    ]


def cursor_after(session: Session, statement: Any, ids: list[int]) -> str:
    """Return the cursor at the end of the page that begins after the first of two neighbours."""
    # A cursor belongs to the order, not to the WHERE, so a page of these two rows gives one anywhere.
    before = PAGER.page(session, statement.where(c.id.in_(ids)), size=1)
    page = PAGER.page(session, statement, size=SIZE, cursor=before.next)
    assert page.next is not None
    return page.next


@pytest.mark.parametrize("keys", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("site", [None, 7], ids=["all", "one site"])
def test_a_deep_page_reads_little_from_the_suggested_index(session: Session, keys: list[Any], site: int | None) -> None:
    statement, rows = select(c.id).order_by(*keys), ROWS
    if site is not None:
        statement, rows = statement.where(c.site == site), ROWS // 10
    session.execute(text(suggest_index(statement).replace(" CONCURRENTLY", "")))
    whole = list(session.scalars(statement.order_by(c.id)))
    for place in (rows // 10, rows // 2 - 7 * SIZE, rows * 9 // 10):
        found, plans = explained(session, statement, cursor_after(session, statement, whole[place - 1 : place + 1]))
        assert found == whole[place + SIZE : place + 2 * SIZE]
        assert len(plans) == 1
        check_plan(plans[0])
    session.rollback()


def check_plan(plan: dict[str, Any]) -> None:
    (scan,) = scans(plan)
    assert scan["Node Type"] in ("Index Scan", "Index Only Scan"), plan
    assert "Index Cond" in scan
    # One row more than the page, plus at most a page of the tie that the last page ended in.
    assert scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0) <= 2 * SIZE + 1
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= 2 * SIZE + 20
