"""One reading of a real server holds what the catalogs hold; a poor role gets less, and is told what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.model.names import QualifiedName
from pgwright.model.policy import Policy
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.sqltext.indexes import read_index
from pgwright.sqltext.schema import Schema
from tests.support.database import Database
from tests.support.postgres import MAJOR

SCHEMA = """
CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."Order" (
    id varchar(255) PRIMARY KEY, "Total" numeric NOT NULL, note text COLLATE "C", tags text[], span int4range);
CREATE TABLE line (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id varchar(255) REFERENCES "Odd Schema"."Order" ON DELETE CASCADE, deleted_at timestamptz,
    doubled int GENERATED ALWAYS AS (length(order_id) * 2) STORED, UNIQUE (order_id, deleted_at));
CREATE INDEX line_odd ON line (lower(order_id) DESC, id) INCLUDE (doubled) WHERE deleted_at IS NULL;
CREATE INDEX line_pattern ON line (order_id varchar_pattern_ops DESC NULLS LAST);
CREATE TABLE event (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ON event (id);
CREATE TABLE child (extra int) INHERITS (line);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM line;
CREATE SEQUENCE spare;
INSERT INTO "Odd Schema"."Order" SELECT gen_random_uuid(), i, 'n', ARRAY['x', 'y' || i % 3], int4range(i, i + 5)
    FROM generate_series(1, 500) i;
INSERT INTO line (order_id) SELECT id FROM "Odd Schema"."Order";
ANALYZE;
"""
ORDER, LINE = QualifiedName("Odd Schema", "Order"), QualifiedName("public", "line")


@pytest.fixture
def odd(database: Database) -> Database:
    database.execute(SCHEMA)
    return database


@pytest.fixture
def snapshot(odd: Database) -> Snapshot:
    return read_snapshot(odd.dsn)


def test_tables_of_every_kind_are_read(snapshot: Snapshot) -> None:
    kinds = {table.name.name: (table.kind, table.parent and table.parent.name) for table in snapshot.tables}
    assert kinds == {
        "Order": ("table", None),
        "line": ("table", None),
        "child": ("table", "line"),
        "event": ("partitioned table", None),
        "event_2026": ("table", "event"),
        "totals": ("materialized view", None),
    }


def test_columns_know_their_type_and_where_values_come_from(snapshot: Snapshot) -> None:
    columns = snapshot.table_by_name[LINE].column_by_name
    assert (columns["order_id"].type, columns["order_id"].base_type) == ("character varying(255)", "varchar")
    assert (columns["id"].is_identity, columns["doubled"].is_generated) == (True, True)
    assert snapshot.column(ORDER, "note").collation == '"C"'
    assert not snapshot.column(ORDER, "Total").is_nullable


def test_an_index_can_be_written_again_as_it_is(odd: Database, snapshot: Snapshot) -> None:
    """The definition that we read gives, as SQL, the very index that the server has."""
    indexes = [index for index in snapshot.indexes if index.definition.name in ("line_odd", "line_pattern")]
    assert len(indexes) == 2
    for index in indexes:
        odd.execute(index.definition.named("again").sql())
        ((again,),) = odd.rows("SELECT pg_get_indexdef('again'::regclass)")
        assert str(again).replace("again", index.definition.name) == index.sql
        odd.execute("DROP INDEX again")


def test_constraints_are_told_from_plain_indexes(snapshot: Snapshot) -> None:
    enforcing = {index.definition.name for index in snapshot.indexes if index.enforces}
    assert enforcing == {"Order_pkey", "line_pkey", "line_order_id_deleted_at_key"}


def test_a_foreign_key_is_read_whole(snapshot: Snapshot) -> None:
    (key,) = snapshot.foreign_keys
    assert (key.table, key.columns, key.referenced_table, key.on_delete) == (LINE, ("order_id",), ORDER, "cascade")
    assert key.definition == 'FOREIGN KEY (order_id) REFERENCES "Odd Schema"."Order"(id) ON DELETE CASCADE'


def test_a_sequence_knows_the_column_that_it_feeds_and_its_limit(snapshot: Snapshot) -> None:
    by_name = {sequence.name.name: sequence for sequence in snapshot.sequences}
    assert (by_name["line_id_seq"].table, by_name["line_id_seq"].limit) == (LINE, 2**31 - 1)
    assert by_name["spare"].table is None


def test_statistics_hold_values_and_arrays(snapshot: Snapshot) -> None:
    found = snapshot.statistics_by_column
    assert len(found[ORDER, "id"].sample) > 50
    assert set(found[ORDER, "tags"].common_elements or ()) == {"x", "y0", "y1", "y2"}


def test_statistics_come_in_one_order_for_the_twins_are_kept_by_it(snapshot: Snapshot) -> None:
    keys = [(row.relation.schema, row.relation.name, row.column, row.is_inherited) for row in snapshot.statistics]
    assert keys == sorted(keys)
    assert {row.is_inherited for row in snapshot.statistics if row.relation == LINE} == {False, True}


@pytest.mark.pg(">= 17")
def test_statistics_hold_the_bounds_of_ranges(snapshot: Snapshot) -> None:
    found = snapshot.statistics_by_column
    assert found[ORDER, "span"].range_bounds_histogram is not None


def test_values_stay_away_on_request(odd: Database) -> None:
    snapshot = read_snapshot(odd.dsn, with_values=False)
    assert all(row.sample == () for row in snapshot.statistics)
    assert any("sample values" in missing.what for missing in snapshot.not_examined)


def test_the_workload_is_that_of_this_database(odd: Database) -> None:
    odd.rows('SELECT "Total" FROM "Odd Schema"."Order" WHERE id = \'none\'')
    snapshot = read_snapshot(odd.dsn)
    (found,) = [s for s in snapshot.statements if s.text.startswith('SELECT "Total"')]
    assert (found.calls, found.rows, found.text[-2:]) == (1, 0, "$1")


def test_commands_that_keep_their_constants_are_not_taken(odd: Database) -> None:
    role = f"r_{odd.name}"
    odd.execute(f"CREATE ROLE {role} PASSWORD 's3cret'; DROP ROLE {role}")
    assert "s3cret" not in str(read_snapshot(odd.dsn))


def test_the_schema_is_restorable(odd: Database, snapshot: Snapshot) -> None:
    assert 'CREATE TABLE "Odd Schema"."Order"' in snapshot.schema_sql
    assert "INSERT" not in snapshot.schema_sql


def test_planner_settings_are_marked_and_ours_are_not_taken_for_the_servers(snapshot: Snapshot) -> None:
    settings = snapshot.setting_by_name
    assert settings["random_page_cost"].is_planner
    assert settings["work_mem"].is_planner
    assert settings["statement_timeout"].raw == "0"
    assert settings["search_path"].raw == '"$user", public'


def test_reading_leaves_the_write_counters_untouched(odd: Database) -> None:
    # Not n_mod_since_analyze: autovacuum may set it to zero at any moment.
    counters = "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables ORDER BY 1"
    here = "datname = current_database() AND backend_type = 'client backend'"
    others = f"SELECT FROM pg_stat_activity WHERE {here} AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + 20
    # A session that has ended for us may still have its counters to tell; it does so before it is gone.
    while odd.rows(others):
        assert time.monotonic() < deadline, "a session does not end"
        time.sleep(0.05)
    with odd.counted_session():
        pass
    before = odd.rows(counters)
    read_snapshot(odd.dsn)
    with odd.counted_session():
        pass
    assert odd.rows(counters) == before
    assert any(row[1] for row in before)


def test_policy_is_carried(database: Database) -> None:
    policy = Policy(retention_days=30)
    assert read_snapshot(database.dsn, policy=policy).policy == policy


def test_an_empty_database_is_no_error(database: Database) -> None:
    snapshot = read_snapshot(database.dsn)
    assert (snapshot.tables, snapshot.indexes, snapshot.foreign_keys) == ((), (), ())


# pg_read_all_data came with PostgreSQL 14.
READ = (
    ("pg_read_all_data",)
    if MAJOR >= 14
    else tuple(
        f'{right} SCHEMA "Odd Schema", public'
        for right in ("USAGE ON", "SELECT ON ALL TABLES IN", "SELECT ON ALL SEQUENCES IN")
    )
)


def role_dsn(database: Database, *grants: str) -> str:
    role = f"r_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN")
    for grant in grants:
        database.execute(f"GRANT {grant} TO {role}")
    return psycopg.conninfo.make_conninfo(database.dsn, user=role)


@pytest.fixture
def drop_role(database: Database) -> Iterator[None]:
    yield
    database.execute(f"DROP OWNED BY r_{database.name}; DROP ROLE r_{database.name}")


@pytest.mark.usefixtures("drop_role")
def test_a_monitoring_role_sees_everything(odd: Database) -> None:
    rich, poor = read_snapshot(odd.dsn), read_snapshot(role_dsn(odd, "pg_monitor", *READ))
    # Before 14 nothing but ownership opens the statistics of an index's expressions.
    hidden = [] if MAJOR >= 14 else ["what was gathered of the expressions of the index line_odd"]
    assert [one.what for one in poor.not_examined] == hidden
    assert [(t.name, t.columns, t.pages) for t in poor.tables] == [(t.name, t.columns, t.pages) for t in rich.tables]
    names = {table.name for table in rich.tables}
    visible = tuple(row for row in rich.statistics if MAJOR >= 14 or row.relation in names)
    # Those of ranges, which no view shows before 17, are in a catalog that pg_read_all_data opens.
    unseen: dict[str, Any] = {
        "range_length_histogram": None,
        "range_empty_fraction": None,
        "range_bounds_histogram": None,
    }
    assert poor.statistics == (visible if MAJOR >= 14 else tuple(replace(row, **unseen) for row in visible))
    assert poor.schema_sql.count("CREATE") == rich.schema_sql.count("CREATE")


@pytest.mark.usefixtures("drop_role")
def test_a_role_without_rights_is_told_what_is_hidden_and_which_grant_helps(odd: Database) -> None:
    snapshot = read_snapshot(role_dsn(odd))
    told = {missing.what: missing.remedy for missing in snapshot.not_examined}
    assert snapshot.tables, "names and sizes are open to everybody"
    assert snapshot.statistics == ()
    assert any("GRANT pg_monitor" in remedy for remedy in told.values())
    (about,) = (what for what in told if what.startswith("columns' statistics"))
    assert told[about] == "; ".join(f"GRANT {right} TO r_{odd.name}" for right in READ)


def test_without_pg_stat_statements_the_missing_workload_is_told(odd: Database) -> None:
    odd.execute("DROP EXTENSION pg_stat_statements")
    snapshot = read_snapshot(odd.dsn)
    assert snapshot.statements == ()
    assert [missing.what for missing in snapshot.not_examined] == ["the workload"]


def test_a_table_that_somebody_locks_is_told_and_the_others_are_read(odd: Database) -> None:
    with psycopg.connect(odd.dsn) as other:
        other.execute("DROP INDEX line_odd")  # locks the table too
        other.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
        snapshot = read_snapshot(odd.dsn)
    assert {table.name.name for table in snapshot.tables} == {"Order", "totals"}
    told = {missing.what: missing.remedy for missing in snapshot.not_examined}
    assert told["tables: child, event, event_2026, line"] == "read again later"
    assert "GRANT" not in told["schema"]
    assert {sequence.name.name for sequence in snapshot.sequences} == {"spare"}


def test_an_operator_class_that_is_the_default_of_another_type_is_named(database: Database) -> None:
    database.execute("""
        CREATE EXTENSION citext; CREATE DOMAIN word AS citext;
        CREATE TABLE t (c citext, w word, v varchar(9), s text, tags int[]);
        CREATE INDEX ix_own ON t (c, w, v, s, tags, lower(s));
        CREATE INDEX ix_text ON t (c text_ops, w text_ops, v text_ops, s text_ops, tags array_ops, lower(s) text_ops);
    """)
    classes = {
        index.name.name: [key.operator_class for key in index.definition.keys]
        for index in read_snapshot(database.dsn).indexes
    }
    assert classes == {"ix_own": [None] * 6, "ix_text": ["text_ops"] * 2 + [None] * 4}


def test_the_operator_class_of_an_expression_is_named_where_it_is_not_the_default_of_its_type(
    database: Database,
) -> None:
    database.execute("""
        CREATE EXTENSION citext; CREATE DOMAIN word AS citext; CREATE DOMAIN term AS word;
        CREATE TABLE t (s text, w term);
        CREATE INDEX own ON t (w, (s::citext), (s::term), lower(s));
        CREATE INDEX other ON t (w text_ops, (s::citext) text_ops, (s::term) COLLATE "C" text_ops, lower(s) text_ops);
        CREATE INDEX own_hash ON t USING hash ((s::citext));
        CREATE INDEX other_hash ON t USING hash ((s::citext) text_ops);
        CREATE EXTENSION btree_gist;
        CREATE INDEX own_gist ON t USING gist ((s::cidr));
        CREATE INDEX other_gist ON t USING gist ((s::cidr) gist_inet_ops);
    """)
    classes = {
        index.name.name: [key.operator_class for key in index.definition.keys]
        for index in read_snapshot(database.dsn).indexes
    }
    assert classes == {
        "own": [None] * 4,
        "other": ["text_ops"] * 3 + [None],
        "own_hash": [None],
        "other_hash": ["text_ops"],
        "own_gist": [None],
        "other_gist": ["gist_inet_ops"],
    }


def test_the_parameters_of_operator_classes_are_read_and_written(database: Database) -> None:
    database.execute("""
        CREATE EXTENSION pg_trgm;
        CREATE TABLE t (s text, words tsvector);
        CREATE INDEX short ON t USING gist (s gist_trgm_ops (siglen = 12));
        CREATE INDEX long ON t USING gist (s gist_trgm_ops (siglen = 1024));
        CREATE INDEX two ON t USING gist (words tsvector_ops (siglen = 64), (lower(s)) gist_trgm_ops (siglen = 32));
    """)
    snapshot = read_snapshot(database.dsn)
    keys = {index.name.name: index.definition.keys for index in snapshot.indexes}
    assert {name: [key.operator_class for key in each] for name, each in keys.items()} == {
        "short": ["gist_trgm_ops (siglen='12')"],
        "long": ["gist_trgm_ops (siglen='1024')"],
        "two": ["tsvector_ops (siglen='64')", "gist_trgm_ops (siglen='32')"],
    }
    database.execute("DROP INDEX short, long, two")
    database.execute(";".join(index.definition.sql() for index in snapshot.indexes))
    again = read_snapshot(database.dsn).indexes
    assert [index.definition for index in again] == [index.definition for index in snapshot.indexes]
    schema = Schema.of(snapshot)
    assert [read_index(index.definition.sql(), schema).keys for index in again] == [
        index.definition.keys for index in again
    ]


def test_a_constraint_that_may_be_deferred_is_told_from_one_that_is_checked_at_once(database: Database) -> None:
    database.execute("CREATE TABLE t (a int UNIQUE, b int UNIQUE DEFERRABLE, c int UNIQUE INITIALLY DEFERRED)")
    assert {index.name.name for index in read_snapshot(database.dsn).indexes if index.definition.is_deferrable} == {
        "t_b_key",
        "t_c_key",
    }


PARTITIONED = """
CREATE TABLE event (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id);
CREATE TABLE event_2025_rest PARTITION OF event_2025 DEFAULT;
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO event SELECT i, '2025-01-01' FROM generate_series(1, 1000) i;
INSERT INTO event SELECT i, '2026-01-01' FROM generate_series(1, 500) i;
ANALYZE event_2025_rest; ANALYZE event_2026;
"""


def test_a_partitioned_table_has_the_rows_of_its_leaves_whoever_analyzed_it(database: Database) -> None:
    """Autovacuum analyzes the leaves only."""
    database.execute(PARTITIONED)
    rows = {table.name.name: table.rows for table in read_snapshot(database.dsn).tables}
    assert rows == {"event": 1500, "event_2025": 1000, "event_2025_rest": 1000, "event_2026": 500}


@pytest.mark.usefixtures("drop_role")
def test_what_a_role_has_is_its_own_setting_for_this_database_then_its_own_then_the_databases(
    database: Database,
) -> None:
    role_dsn(database)
    role = f"r_{database.name}"
    database.execute(f"""
        ALTER ROLE {role} SET search_path = elsewhere;
        ALTER ROLE {role} IN DATABASE {database.name} SET search_path = app, public;
        ALTER ROLE {role} SET work_mem = '7MB';
        ALTER DATABASE {database.name} SET work_mem = '5MB';
        ALTER DATABASE {database.name} SET random_page_cost = 1.5;
    """)
    snapshot = read_snapshot(database.dsn)
    settings = [snapshot.setting_of(role, name) for name in ("search_path", "work_mem", "random_page_cost")]
    assert settings == ["app, public", "7MB", "1.5"]
    assert snapshot.setting_of("other", "work_mem") == "5MB"
    assert snapshot.setting_of("other", "search_path") == '"$user", public'


@pytest.mark.pg(">= 15")  # before, a database's counters tell when they began, which here is when it was made
def test_counters_that_a_crash_reset_are_as_young_as_they_are(database: Database) -> None:
    """After it, this database has no reset on record, and the shared counters have that of the recovery."""
    before = str(database.rows("SELECT clock_timestamp()::text")[0][0])
    database.execute("SELECT pg_stat_reset_shared('bgwriter')")
    kept = read_snapshot(database.dsn).server.statistics_reset_at
    assert kept is None or kept < before, "somebody reset one of them only"
    database.execute("SELECT pg_stat_reset_shared('archiver')")
    young = read_snapshot(database.dsn).server.statistics_reset_at
    assert young is not None
    assert young >= before


def test_a_session_names_its_database(database: Database) -> None:
    with psycopg.connect(database.dsn), psycopg.connect(make_conninfo(database.dsn, dbname="postgres")):
        snapshot = read_snapshot(database.dsn)
    assert {one.database for one in snapshot.sessions} >= {database.name, "postgres"}
    assert {one.database for one in snapshot.own_sessions} == {database.name}
