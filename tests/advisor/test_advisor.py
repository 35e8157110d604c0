"""The advisor on a real workload: what it proposes, what it leaves alone, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.checks import run_checks
from pgwright.embedded import EmbeddedServer
from pgwright.model.advice import Advice
from pgwright.model.change import CreateIndex, DropIndex
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.twin.twin import open_twin
from tests.support.database import Database

SCHEMA = """
CREATE TABLE author (id int PRIMARY KEY, email text);
CREATE TABLE post (id int PRIMARY KEY, author_id int REFERENCES author, status text, title text, at timestamptz,
                   deleted_at timestamptz);
INSERT INTO author SELECT i, 'a' || i || '@example.org' FROM generate_series(1, 5000) i;
INSERT INTO post SELECT i, 1 + i * 7919 % 5000, CASE WHEN i % 400 = 0 THEN 'draft' ELSE 'live' END, repeat('t', 60),
    now() - i * interval '1 minute', CASE WHEN i % 50 = 0 THEN now() END FROM generate_series(1, 50000) i;
VACUUM ANALYZE;
"""
PAGE = "SELECT * FROM post WHERE author_id = %s AND deleted_at IS NULL ORDER BY at DESC LIMIT 3"


@pytest.fixture
def blog(database: Database) -> Database:
    database.execute(SCHEMA)
    database.rows("SELECT pg_stat_statements_reset()")
    return database


def run(database: Database, text: str, values: list[object], times: int = 10) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for _ in range(times):
            connection.execute(text.encode(), values)


def slowed(snapshot: Snapshot) -> Snapshot:
    """As if each call had taken 20 ms: these tables are so small that a machine without other work needs no index."""
    statements = (replace(one, mean_ms=20.0, total_ms=20.0 * one.calls) for one in snapshot.statements)
    return replace(snapshot, statements=tuple(statements))


Advise = Callable[..., Advice]


@pytest.fixture
def advice_for(twin_server: EmbeddedServer) -> Advise:
    def run_advisor(database: Database, budget_bytes: int | None = None) -> Advice:
        snapshot = slowed(read_snapshot(database.dsn))
        with open_twin(snapshot, twin_server) as twin:
            return advise(snapshot, Goal(budget_bytes=budget_bytes), twins=[twin])

    return run_advisor


def test_an_index_that_the_twin_lacks_stops_nothing(blog: Database, twin_server: EmbeddedServer) -> None:
    blog.execute("CREATE INDEX post_odd ON post (title); CREATE INDEX post_at ON post (at)")
    run(blog, PAGE, [7])
    snapshot = read_snapshot(blog.dsn)
    lacking = snapshot.schema_sql.replace("INDEX post_odd ON public.post", "INDEX post_odd ON public.odd")
    with open_twin(replace(snapshot, schema_sql=lacking), twin_server) as twin:
        assert [one.what for one in twin.left_out] == ["index public.post_odd"]
        assert advise(snapshot, Goal(), twins=[twin]).indexes


def sql_of(advice: Advice) -> list[str]:
    return [one.definition.sql().split(" ON ")[1] for one in advice.indexes]


def test_equality_comes_first_and_the_order_follows(blog: Database, advice_for: Advise) -> None:
    run(blog, "SELECT * FROM post WHERE status = %s ORDER BY at DESC LIMIT 3", ["draft"])
    (found,) = sql_of(advice_for(blog))
    assert found.startswith("public.post (status, at)") or "WHERE status = 'draft'" in found


def test_a_lookup_gets_its_column(blog: Database, advice_for: Advise) -> None:
    run(blog, "SELECT * FROM author WHERE email = %s", ["a17@example.org"])
    assert sql_of(advice_for(blog)) == ["public.author (email)"]


def test_a_rare_value_gets_a_partial_index(blog: Database, advice_for: Advise) -> None:
    run(blog, "SELECT * FROM post WHERE status = %s ORDER BY at", ["draft"])
    (found,) = advice_for(blog).indexes
    assert found.definition.predicate == "status = 'draft'"
    assert "only rows with status = 'draft' are asked for" in found.reason


def test_a_join_gets_the_inner_side(blog: Database, advice_for: Advise) -> None:
    run(blog, "SELECT * FROM author a JOIN post p ON p.author_id = a.id WHERE a.id = %s", [17])
    assert sql_of(advice_for(blog)) == ["public.post (author_id)"]


def test_nothing_is_advised_that_exists_or_helps_nobody(blog: Database, advice_for: Advise) -> None:
    run(blog, "SELECT * FROM post WHERE id = %s", [17])
    run(blog, "SELECT count(*) FROM post WHERE title LIKE %s", ["t%"])
    assert advice_for(blog).indexes == ()


def test_an_empty_workload_gives_empty_advice(blog: Database, advice_for: Advise) -> None:
    advice = advice_for(blog)
    assert (advice.indexes, advice.statements) == ((), 0)


def test_the_budget_is_kept(blog: Database, advice_for: Advise) -> None:
    run(blog, PAGE, [17])
    run(blog, "SELECT * FROM author WHERE email = %s", ["a17@example.org"])
    whole = advice_for(blog)
    assert len(whole.indexes) == 2
    smallest = min(one.size_bytes for one in whole.indexes)
    limited = advice_for(blog, budget_bytes=smallest)
    assert sum(one.size_bytes for one in limited.indexes) <= smallest
    assert advice_for(blog, budget_bytes=8192).indexes == ()


def test_writes_are_counted_against_an_index(blog: Database, advice_for: Advise) -> None:
    run(blog, "SELECT * FROM author WHERE email = %s", ["a17@example.org"], times=2)
    (cheap,) = advice_for(blog).indexes
    assert cheap.write_cost == 0
    blog.execute("INSERT INTO author SELECT i, 'b' || i FROM generate_series(10001, 10100) i")
    (dearer,) = advice_for(blog).indexes
    assert dearer.writes == 100
    assert dearer.gain < cheap.gain
    blog.execute("INSERT INTO author SELECT i, 'b' || i FROM generate_series(20001, 24000) i")
    assert advice_for(blog).indexes == (), "it would cost more than it saves"


def test_each_index_names_the_statements_it_serves_and_the_runner_up(blog: Database, advice_for: Advise) -> None:
    run(blog, PAGE, [17])
    (found,) = advice_for(blog).indexes
    (served,) = found.serves
    assert served.calls == 10
    assert served.cost_after < served.cost_before / 10
    assert found.runner_up is not None
    assert found.runner_up.definition.columns[0] == "author_id"
    assert found.runner_up.gain_share <= found.gain_share + 0.01


def test_an_expression_without_statistics_is_said_to_be_a_guess(blog: Database, advice_for: Advise) -> None:
    run(blog, "SELECT id FROM author WHERE lower(email) = %s", ["a17@example.org"])
    advice = advice_for(blog)
    (found,) = advice.indexes
    assert any("author (lower(email)) yet" in limit for limit in advice.limits), advice.limits
    blog.execute(f"{found.definition.sql()}; ANALYZE author")
    assert not any("lower(email)" in limit for limit in advice_for(blog).limits)


def test_a_budget_below_every_candidate_names_the_smallest(blog: Database, advice_for: Advise) -> None:
    run(blog, PAGE, [17])
    advice = advice_for(blog, 1024)
    assert advice.indexes == ()
    (told,) = (limit for limit in advice.limits if "smallest candidate takes" in limit)
    assert float(told.split()[-2]) >= 8.0
    assert told.endswith(" kB.")


def test_a_workload_that_reads_no_table_is_said_so(blog: Database, advice_for: Advise) -> None:
    run(blog, "SET work_mem = '8MB'", [])
    assert any("reads a table" in limit for limit in advice_for(blog).limits)


def test_what_cannot_be_planned_is_told_with_its_share(blog: Database, advice_for: Advise) -> None:
    blog.execute("CREATE TABLE gone AS SELECT 1 AS n")
    run(blog, "SELECT g.n, a.id FROM gone g, author a WHERE a.id = %s", [1])
    blog.execute("DROP TABLE gone")
    (told,) = advice_for(blog).unplanned
    assert told.reason.startswith('relation "gone" does not exist')
    assert "of the workload's time" in told.what


def test_a_finding_carries_the_change_and_drops_what_it_replaces(blog: Database, advice_for: Advise) -> None:
    blog.execute("CREATE INDEX post_author ON post (author_id)")
    blog.execute("INSERT INTO post SELECT i, 1, 'live', 't', now() - i * interval '1 s', NULL"
                 " FROM generate_series(60000, 90000) i; ANALYZE post")  # fmt: skip
    blog.rows("SELECT pg_stat_statements_reset()")
    run(blog, "SELECT * FROM post WHERE author_id = %s ORDER BY at DESC LIMIT 4", [1])
    (finding,) = run_checks(advice_for(blog)).findings
    create, drop = finding.changes
    assert isinstance(create, CreateIndex)
    assert create.definition.columns == ("author_id", "at")
    assert isinstance(drop, DropIndex)
    assert drop.name.name == "post_author"


def test_advice_holds_when_it_is_followed(blog: Database, advice_for: Advise) -> None:
    """Build what is advised: the planner uses all of it, at the cost that was planned, and nothing more is advised."""
    run(blog, PAGE, [17])
    run(blog, "SELECT * FROM author WHERE email = %s", ["a17@example.org"])
    advice = advice_for(blog)
    for one in advice.indexes:
        blog.execute(one.definition.sql())
    blog.execute("VACUUM ANALYZE")
    again = advice_for(blog)
    assert again.indexes == ()
    assert again.cost_before == pytest.approx(advice.cost_after, rel=0.03)


def test_a_partitioned_table_gets_one_index_that_serves_its_partitions_too(
    database: Database, advice_for: Advise
) -> None:
    database.execute("""
        CREATE TABLE event (id int, who int, at date) PARTITION BY RANGE (id);
        CREATE TABLE event_0 PARTITION OF event FOR VALUES FROM (0) TO (20000);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (20000) TO (40000) PARTITION BY HASH (id);
        CREATE TABLE event_10 PARTITION OF event_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        INSERT INTO event SELECT i, i % 4000, now() FROM generate_series(0, 39999) i;
        VACUUM ANALYZE
    """)
    database.rows("SELECT pg_stat_statements_reset()")
    run(database, "SELECT * FROM event WHERE who = %s", [7])
    run(database, "SELECT * FROM event_10 WHERE who = %s", [7])
    advice = advice_for(database)
    (index,) = advice.indexes
    assert index.sql == "CREATE INDEX ix_event_who ON public.event (who)"
    assert len(index.serves) == 2
    assert advice.cost_after < advice.cost_before / 10
    (finding,) = run_checks(advice).findings
    assert "blocks writes" in finding.advice


@pytest.mark.parametrize("is_beside_a_foreign_table", [False, True])
def test_a_partitioned_table_of_one_partition_gets_an_index_too(
    database: Database, advice_for: Advise, is_beside_a_foreign_table: bool
) -> None:
    """The index of the lone part had the name of the whole, and the advisor ended there."""
    database.execute("""
        CREATE TABLE event (id int, who int) PARTITION BY RANGE (id);
        CREATE TABLE event_0 PARTITION OF event FOR VALUES FROM (0) TO (40000);
        INSERT INTO event SELECT i, i % 4000 FROM generate_series(0, 39999) i;
        VACUUM ANALYZE
    """)
    if is_beside_a_foreign_table:
        database.execute("""
            CREATE EXTENSION file_fdw;
            CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
            CREATE FOREIGN TABLE old PARTITION OF event DEFAULT SERVER files OPTIONS (filename '/dev/null')
        """)
    database.rows("SELECT pg_stat_statements_reset()")
    run(database, "SELECT * FROM event WHERE id BETWEEN 1 AND 39999 AND who = %s", [7])
    advice = advice_for(database)
    (index,) = advice.indexes
    assert index.definition.columns[0] == "who"
    assert advice.cost_after < advice.cost_before / 10


def test_a_value_that_the_operator_refuses_gives_way_to_the_generic_plan(
    database: Database, advice_for: Advise
) -> None:
    database.execute("CREATE TABLE doc (id int PRIMARY KEY, body jsonb);")
    database.execute(
        "INSERT INTO doc SELECT i, jsonb_build_object('a', i % 9) FROM generate_series(1, 9000) i; ANALYZE"
    )
    database.rows("SELECT pg_stat_statements_reset()")
    run(database, "SELECT * FROM doc WHERE body @? %s AND extract(year FROM now()) = 2026", ["$.a"])
    advice = advice_for(database)
    assert advice.statements == 1
    assert advice.unplanned == ()


def test_a_statement_with_a_value_that_nobody_knows_is_not_free(blog: Database, advice_for: Advise) -> None:
    run(blog, "SELECT * FROM post WHERE at AT TIME ZONE %s > '2020-01-01' AND author_id = 7", ["UTC"])
    advice = advice_for(blog)
    assert advice.cost_before > 10_000


@pytest.mark.parametrize("seconds", [1e-6, 0.02, 0.3, 1.0])
def test_whenever_the_deadline_comes_what_it_kept_is_told(
    blog: Database, twin_server: EmbeddedServer, seconds: float
) -> None:
    run(blog, PAGE, [17])
    run(blog, "SELECT * FROM author WHERE email = %s", ["a17@example.org"])
    snapshot = slowed(read_snapshot(blog.dsn))
    with open_twin(snapshot, twin_server) as twin:
        advice = advise(snapshot, Goal(deadline_seconds=seconds), twins=[twin])
    checked = run_checks(advice)
    if advice.ended != "complete" or advice.unplanned:
        assert checked.not_examined
        assert all("deadline" in told.reason for told in checked.not_examined), checked.not_examined
        assert not any("let the app run" in limit for limit in advice.limits)
    assert len(checked.findings) == 2 or checked.not_examined
    if seconds == 1e-6:
        assert ("missing-index" in checked.names, advice.indexes) == (False, ())
        assert not [limit for limit in advice.limits if "No statement of the workload" in limit]


PARTITIONED = """
CREATE TABLE event (id bigint, at date, who int, note text) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY RANGE (id);
CREATE TABLE event_2025_0 PARTITION OF event_2025 FOR VALUES FROM (0) TO (20000);
CREATE TABLE event_2025_1 PARTITION OF event_2025 FOR VALUES FROM (20000) TO (40000);
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO event SELECT i, date '2025-01-01' + i % 365, i % 4000, repeat('x', 60) FROM generate_series(1, 39999) i;
INSERT INTO event SELECT i, date '2026-01-01' + i % 365, i % 4000, repeat('x', 60) FROM generate_series(1, 30000) i;
VACUUM ANALYZE event_2025_0; VACUUM ANALYZE event_2025_1; VACUUM ANALYZE event_2026;
"""


def test_a_partitioned_table_whose_leaves_alone_were_analyzed_is_looked_at_all_the_same(
    database: Database, advice_for: Advise
) -> None:
    """Autovacuum never analyzes the parent."""
    database.execute(PARTITIONED)
    database.rows("SELECT pg_stat_statements_reset()")
    run(database, "SELECT * FROM event WHERE who = %s", [7])
    before = advice_for(database)
    (index,) = before.indexes
    assert index.definition.table.name == "event"
    assert index.definition.columns[0] == "who"
    assert before.cost_after < before.cost_before / 10
    assert not any("ANALYZE" in limit for limit in before.limits)
    database.execute("ANALYZE event")
    after = advice_for(database)
    assert [one.definition.columns for one in after.indexes] == [index.definition.columns]
    assert after.cost_after == pytest.approx(before.cost_after, rel=0.1)


def test_a_partial_index_on_a_partitioned_table_has_the_rows_of_its_leaves(
    database: Database, twin_server: EmbeddedServer
) -> None:
    database.execute(PARTITIONED)
    snapshot = read_snapshot(database.dsn)
    definition = IndexDefinition("ix", QualifiedName("public", "event"), (IndexKey("at"),), predicate="who < 1000")
    with open_twin(snapshot, twin_server) as twin:
        assert twin.rows_of(definition) == pytest.approx(17_500, rel=0.1)


def test_a_column_that_gets_no_b_tree_is_named_with_the_reason(database: Database, advice_for: Advise) -> None:
    database.execute("""
        CREATE TABLE note (id int PRIMARY KEY, body text, kind int);
        INSERT INTO note SELECT i, repeat('word ' || i || ' ', 1 + i % 97), i % 900 FROM generate_series(1, 9000) i;
        VACUUM ANALYZE note
    """)
    database.rows("SELECT pg_stat_statements_reset()")
    run(database, "SELECT id FROM note WHERE body = %s", ["x"])
    run(database, "SELECT id, body FROM note WHERE kind = %s ORDER BY body", [3])
    advice = advice_for(database)
    assert {one.definition.outline for one in advice.indexes} == {"USING hash (body)", "(kind)"}
    (told,) = [limit for limit in advice.limits if "No B-tree is proposed" in limit]
    assert "note (body)" in told


def test_a_queue_keeps_hot_updates_where_no_index_needs_the_counter(database: Database, advice_for: Advise) -> None:
    """The statement changes `attempts`, and compares it with nothing."""
    database.execute("""
        CREATE TABLE task (id int PRIMARY KEY, tenant_id int, status varchar(10), attempts int, filler text)
        WITH (fillfactor = 70);
        INSERT INTO task SELECT i, i % 400, CASE WHEN i % 9 = 0 THEN 'open' ELSE 'done' END, 0, repeat('x', 90)
        FROM generate_series(1, 20000) i; VACUUM ANALYZE task
    """)
    database.rows("SELECT pg_stat_statements_reset()")
    text = "UPDATE task SET attempts = attempts + 1 WHERE tenant_id = %s AND status = %s"
    run(database, text, [7, "open"], times=200)
    indexes = advice_for(database).indexes
    assert indexes
    assert not any("attempts" in one.definition.sql() for one in indexes)
    assert all(one.hot_updates_lost == 0 for one in indexes)
