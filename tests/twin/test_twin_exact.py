"""Kind by kind of object: the twin plans as the source does, with the same cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import uuid4

import psycopg
import pytest

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer, run_server
from pgwright.model.statistics import ExtendedStatistics
from pgwright.proof.copies import make_copies
from pgwright.snapshot import read_snapshot
from pgwright.twin.plans import read_plan
from pgwright.twin.priced import read_workload
from pgwright.twin.restore import SERVER_SETTINGS
from pgwright.twin.twin import Twin, open_twin
from tests.support.builders import make_statement
from tests.support.database import Database
from tests.support.postgres import MAJOR, older

OLDER = 14


@dataclass(frozen=True)
class Kind:
    """One kind of object: a schema with its rows, and statements that use it."""

    name: str
    schema: str
    statements: tuple[str, ...]
    since: int = 13
    """The major version that knows it."""

    def __str__(self) -> str:
        return self.name


KINDS = (
    Kind(
        "partitions",
        """
        CREATE TABLE e (id bigint, at date NOT NULL, region text NOT NULL, n int) PARTITION BY RANGE (at);
        CREATE TABLE e25 PARTITION OF e FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (region);
        CREATE TABLE e25_eu PARTITION OF e25 FOR VALUES IN ('eu', 'uk');
        CREATE TABLE e25_rest PARTITION OF e25 DEFAULT PARTITION BY HASH (id);
        CREATE TABLE e25_rest0 PARTITION OF e25_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE e25_rest1 PARTITION OF e25_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE TABLE e_rest PARTITION OF e DEFAULT;
        CREATE INDEX e_n ON e (n);
        INSERT INTO e SELECT i, DATE '2025-01-01' + i % 500, (ARRAY['eu', 'uk', 'us', 'jp'])[1 + i % 4], i % 700
            FROM generate_series(1, 40000) i;
        VACUUM ANALYZE;
        """,
        (
            "SELECT * FROM e WHERE n = 5",
            "SELECT * FROM e WHERE at = '2025-03-01'",
            "SELECT * FROM e WHERE at >= '2025-03-01' AND region = 'eu'",
            "SELECT region, count(*) FROM e GROUP BY region",
            "SELECT * FROM e a JOIN e b USING (id) WHERE a.region = 'us' AND b.n < 10",
            "SELECT * FROM e25_rest WHERE id = 77",
            "SELECT * FROM e ORDER BY n LIMIT 10",
        ),
    ),
    Kind(
        "inheritance",
        """
        CREATE TABLE animal (id int PRIMARY KEY, name text);
        CREATE TABLE cat (lives int DEFAULT 9) INHERITS (animal);
        CREATE TABLE dog (tricks text[]) INHERITS (animal);
        CREATE INDEX cat_name ON cat (name);
        INSERT INTO animal SELECT i, 'a' || i % 10 FROM generate_series(1, 1000) i;
        INSERT INTO cat SELECT i, 'c' || i % 5000 FROM generate_series(1001, 21000) i;
        INSERT INTO dog SELECT i, 'd' || i % 3 FROM generate_series(21001, 30000) i;
        VACUUM ANALYZE;
        """,
        (
            "SELECT * FROM animal WHERE name = 'c7'",
            "SELECT * FROM ONLY animal WHERE name = 'a7'",
            "SELECT name, count(*) FROM animal GROUP BY name",
            "SELECT * FROM cat WHERE name > 'c49'",
            "UPDATE animal SET name = 'x' WHERE id = 5",
        ),
    ),
    Kind(
        "toast and indexes",
        """
        CREATE TABLE doc (id int PRIMARY KEY, body text, kind text, tags jsonb, at timestamptz, span int4range,
            gone bool);
        INSERT INTO doc SELECT i, repeat(md5(i::text), 200), 'k' || i % 7, jsonb_build_object('a', i % 50),
            TIMESTAMPTZ '2026-01-01' + i * INTERVAL '1 min', int4range(i, i + 10), i % 40 = 0
            FROM generate_series(1, 20000) i;
        CREATE INDEX doc_lower ON doc (lower(kind), (tags ->> 'a'));
        CREATE INDEX doc_gone ON doc (at) WHERE gone;
        CREATE INDEX doc_brin ON doc USING brin (at) WITH (pages_per_range = 4);
        CREATE INDEX doc_span ON doc USING gist (span);
        CREATE INDEX doc_hash ON doc USING hash (kind);
        CREATE INDEX doc_cover ON doc (kind DESC NULLS LAST) INCLUDE (at);
        CREATE UNIQUE INDEX doc_year ON doc (date_part('minute', at AT TIME ZONE 'UTC'), id) WHERE kind = 'k3';
        VACUUM ANALYZE;
        """,
        (
            "SELECT id FROM doc WHERE lower(kind) = 'k1' AND tags ->> 'a' = '8'",
            "SELECT lower(kind), count(*) FROM doc GROUP BY lower(kind)",
            "SELECT id FROM doc WHERE gone AND at > '2026-01-10'",
            "SELECT * FROM doc WHERE at BETWEEN '2026-01-02' AND '2026-01-02 01:00'",
            "SELECT * FROM doc WHERE span && int4range(5, 9)",
            "SELECT count(*) FROM doc WHERE kind = 'k2'",
            "SELECT kind, at FROM doc ORDER BY kind DESC NULLS LAST LIMIT 20",
            "SELECT id FROM doc WHERE date_part('minute', at AT TIME ZONE 'UTC') = 5 AND kind = 'k3'",
            "SELECT * FROM doc WHERE span @> 77",
            "SELECT body FROM doc WHERE id = 4",
        ),
    ),
    Kind(
        "types",
        """
        CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
        CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
        CREATE DOMAIN percent AS numeric(5, 2) NOT NULL CHECK (VALUE BETWEEN 0 AND 100);
        CREATE TYPE place AS (street text, number int);
        CREATE SCHEMA "Other One";
        CREATE TABLE "Other One"."Odd Person" (
            id uuid PRIMARY KEY DEFAULT gen_random_uuid(), mood mood, mail email, done percent, home place, price money,
            first text, last text, "full name" text GENERATED ALWAYS AS (first || ' ' || last) STORED,
            shout text GENERATED ALWAYS AS (upper(first)) VIRTUAL, raw bytea, took interval, day date, moods mood[],
            ratio float8, ip inet);
        INSERT INTO "Other One"."Odd Person" (
            mood, mail, done, home, price, first, last, raw, took, day, moods, ratio, ip)
            SELECT (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood, i % 900 || '@x', i % 100,
                ROW('s' || i % 9, i % 5)::place,
                (i % 77)::money, 'f' || i % 20, 'l' || i % 300, decode(md5((i % 60)::text), 'hex'),
                i % 30 * INTERVAL '1 day 3 min', DATE '2026-01-01' + i % 90, ARRAY['sad', 'ok']::mood[], i / 7.0,
                ('10.0.' || i % 200 || '.1')::inet
            FROM generate_series(1, 20000) i;
        CREATE INDEX ON "Other One"."Odd Person" (mood, mail);
        CREATE VIEW happy AS SELECT * FROM "Other One"."Odd Person" WHERE mood = 'happy';
        CREATE MATERIALIZED VIEW moods AS SELECT mood, day, count(*) AS n FROM "Other One"."Odd Person" GROUP BY 1, 2;
        CREATE INDEX moods_day ON moods (day);
        VACUUM ANALYZE;
        """,
        (
            """SELECT * FROM "Other One"."Odd Person" WHERE mood = 'sad' AND mail = '7@x'""",
            """SELECT * FROM "Other One"."Odd Person" WHERE mood > 'sad'""",
            """SELECT * FROM "Other One"."Odd Person" WHERE done < 3""",
            """SELECT * FROM "Other One"."Odd Person" WHERE home = ROW('s1', 1)::place""",
            """SELECT * FROM "Other One"."Odd Person" WHERE (home).number = 4""",
            """SELECT * FROM "Other One"."Odd Person" WHERE price > 70::money AND took > '20 days'""",
            """SELECT * FROM "Other One"."Odd Person" WHERE "full name" = 'f1 l1' OR shout = 'F2'""",
            """SELECT day, count(*) FROM "Other One"."Odd Person" WHERE day > '2026-03-20' GROUP BY day""",
            """SELECT * FROM "Other One"."Odd Person" WHERE moods @> ARRAY['ok']::mood[]""",
            """SELECT * FROM "Other One"."Odd Person" WHERE ratio < 100.5 AND ip << '10.0.7.0/24'""",
            "SELECT * FROM happy WHERE mail LIKE '7%'",
            "SELECT * FROM moods WHERE day = '2026-01-05'",
        ),
    ),
    Kind(
        "never analyzed, or invalid",
        """
        CREATE TABLE fresh (id int PRIMARY KEY, a text, b int) WITH (fillfactor = 70);
        INSERT INTO fresh SELECT i, 'x' || i, i % 10 FROM generate_series(1, 30000) i;
        CREATE TABLE none (id int PRIMARY KEY, a text);
        CREATE TABLE twice (id int PRIMARY KEY, n int);
        INSERT INTO twice SELECT i, i % 100 FROM generate_series(1, 30000) i;
        CREATE INDEX twice_n ON twice (n);
        VACUUM ANALYZE twice;
        -- As a failed CONCURRENTLY leaves it.
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'twice_n'::regclass;
        CREATE INDEX twice_n_id ON twice (n, id);
        INSERT INTO twice SELECT i, i % 100 FROM generate_series(30001, 50000) i;
        """,
        (
            "SELECT * FROM fresh WHERE b = 3",
            "SELECT * FROM fresh WHERE id = 3",
            "SELECT * FROM none WHERE a = 'x'",
            "SELECT * FROM none JOIN fresh USING (id)",
            "SELECT * FROM twice WHERE n = 3",
            "SELECT count(*) FROM twice",
        ),
    ),
    Kind(
        "extended statistics",
        """
        CREATE TABLE car (gone int, id int, maker text, model text, year int, at timestamptz);
        ALTER TABLE car DROP COLUMN gone;
        INSERT INTO car SELECT i, 'maker' || i % 20, 'model' || i % 200,
            CASE WHEN i % 7 = 0 THEN NULL ELSE 2000 + i % 20 END,
            TIMESTAMPTZ '2026-01-01' + i % 365 * INTERVAL '1 day' FROM generate_series(1, 40000) i;
        CREATE STATISTICS car_nd (ndistinct) ON maker, model, year FROM car;
        CREATE STATISTICS car_dep (dependencies) ON maker, model FROM car;
        CREATE STATISTICS car_mcv (mcv) ON maker, year FROM car;
        CREATE STATISTICS car_month ON date_trunc('month', at AT TIME ZONE 'UTC') FROM car;
        CREATE STATISTICS car_mix ON (lower(maker)), (id % 200), year FROM car;
        CREATE TABLE truck () INHERITS (car);
        INSERT INTO truck SELECT i, 'maker' || i % 3, 'truck' || i % 9, 2020, now() FROM generate_series(1, 9000) i;
        VACUUM ANALYZE;
        """,
        (
            "SELECT maker, model, count(*) FROM ONLY car GROUP BY maker, model",
            "SELECT maker, model, year, count(*) FROM ONLY car GROUP BY maker, model, year",
            "SELECT * FROM ONLY car WHERE maker = 'maker3' AND model = 'model3'",
            "SELECT * FROM ONLY car WHERE maker = 'maker3' AND year = 2003",
            "SELECT * FROM ONLY car WHERE maker = 'maker3' AND year IS NULL",
            "SELECT date_trunc('month', at AT TIME ZONE 'UTC'), count(*) FROM ONLY car GROUP BY 1",
            "SELECT * FROM ONLY car WHERE lower(maker) = 'maker7' AND id % 200 = 7",
            "SELECT lower(maker), id % 200, count(*) FROM ONLY car GROUP BY 1, 2",
            "SELECT * FROM car WHERE maker = 'maker1' AND year = 2020",
            "SELECT maker, model, count(*) FROM car GROUP BY maker, model",
        ),
        since=14,
    ),
)


@pytest.mark.parametrize("kind", [pytest.param(one, marks=pytest.mark.pg(f">= {one.since}")) for one in KINDS], ids=str)
def test_the_twin_plans_as_the_source(kind: Kind, database: Database, twin_server: EmbeddedServer) -> None:
    assert_exact(kind, database, twin_server, MAJOR)


@pytest.fixture(scope="module")
def older_server() -> Iterator[EmbeddedServer]:
    """A server of an older version, for a source and its twin alike."""
    with run_server(settings=SERVER_SETTINGS, programs=older(OLDER)) as running:
        yield running


@pytest.mark.pg(">= 18")
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_twin_of_an_older_server_plans_as_it_does(kind: Kind, older_server: EmbeddedServer) -> None:
    source = Database(older_server, f"t_{uuid4().hex[:12]}")
    older_server.create_database(source.name)
    try:
        assert_exact(kind, source, older_server, OLDER)
    finally:
        older_server.drop_database(source.name)


def assert_exact(kind: Kind, database: Database, twin_server: EmbeddedServer, major: int) -> None:
    """Compare plans, costs and the statistics that the twin was given."""
    schema = kind.schema if major >= 18 else kind.schema.replace(") VIRTUAL", ") STORED")
    database.execute(schema)
    snapshot = read_snapshot(database.dsn)
    with open_twin(snapshot, twin_server) as twin:
        assert twin.left_out == ()
        assert_equal(database, twin, kind.statements)
        again = read_snapshot(twin_server.dsn(only_twin(twin_server)), with_schema=False)
    assert again.statistics == snapshot.statistics
    assert set(map(in_order, again.extended_statistics)) == set(map(in_order, snapshot.extended_statistics))


def in_order(extended: ExtendedStatistics) -> ExtendedStatistics:
    """Equally common combinations stand in any order."""
    return replace(extended, common=tuple(sorted(extended.common, key=repr)))


def only_twin(server: EmbeddedServer) -> str:
    with server.admin() as connection:
        ((name,),) = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'twin%'").fetchall()
    return str(name)


LIBC = "LOCALE_PROVIDER libc " if MAJOR >= 15 else ""
TEXTS = """
    CREATE TABLE word (id int PRIMARY KEY, w text, c text COLLATE "C");
    INSERT INTO word SELECT i, chr(97 + i % 26) || chr(65 + i % 19) || i, 'w' || i FROM generate_series(1, 20000) i;
    CREATE INDEX word_w ON word (w);
    CREATE INDEX word_pattern ON word (w text_pattern_ops);
    CREATE INDEX word_c ON word (c);
    VACUUM ANALYZE;
"""


@pytest.mark.parametrize(
    "locale",
    [
        pytest.param(
            "LOCALE_PROVIDER builtin LOCALE 'C' BUILTIN_LOCALE 'PG_UNICODE_FAST'", marks=pytest.mark.pg(">= 18")
        ),
        f"{LIBC}LOCALE 'C.utf8'",
        f"{LIBC}LOCALE 'C'",
    ],
)
def test_text_is_compared_as_by_the_source(locale: str, server: EmbeddedServer, twin_server: EmbeddedServer) -> None:
    source = Database(server, f"t_{uuid4().hex[:12]}")
    with server.admin() as connection:
        connection.execute(f"CREATE DATABASE {source.name} TEMPLATE template0 {locale}".encode())
    try:
        source.execute(TEXTS)
        with open_twin(read_snapshot(source.dsn), twin_server) as twin:
            assert twin.left_out == ()
            statements = (
                "SELECT * FROM word WHERE w LIKE 'aB%'",
                "SELECT * FROM word WHERE c LIKE 'w77%'",
                "SELECT * FROM word WHERE w > 'yZ' ORDER BY w",
                "SELECT * FROM word WHERE w BETWEEN 'cD1' AND 'cE2'",
                "SELECT * FROM word a JOIN word b USING (w) ORDER BY w LIMIT 5",
            )
            assert_equal(source, twin, statements)
    finally:
        server.drop_database(source.name)


def test_a_collation_that_is_not_at_hand_is_told(database: Database, twin_server: EmbeddedServer) -> None:
    database.execute(TEXTS)
    snapshot = read_snapshot(database.dsn)
    elsewhere = replace(snapshot.server, collation="tlh_XX.utf8", locale_provider="libc")
    with open_twin(replace(snapshot, server=elsewhere), twin_server) as twin:
        (told,) = twin.left_out
        assert told.what == "collation tlh_XX.utf8"
        assert "by code points" in told.reason
        assert "word_pattern" in twin.explain("SELECT * FROM word WHERE w LIKE 'aB%'").indexes
        assert "word_w" in twin.explain("SELECT w FROM word ORDER BY w LIMIT 5").indexes


def test_collations_of_icu_have_stand_ins(database: Database, twin_server: EmbeddedServer) -> None:
    """The embedded build has no ICU; a table must not be lost for the collation of a column."""
    database.execute('CREATE TABLE word (id int, w text COLLATE "C"); CREATE INDEX word_w ON word (w)')
    snapshot = read_snapshot(database.dsn)
    own = "CREATE COLLATION public.german (provider = icu, deterministic = false, locale = 'de');\n"
    schema = own + snapshot.schema_sql.replace('pg_catalog."C"', 'pg_catalog."de-x-icu"').replace(
        "id integer", "id integer, o text COLLATE public.german"
    )
    with open_twin(replace(snapshot, schema_sql=schema), twin_server) as twin:
        assert twin.left_out == ()
        assert twin.explain("SELECT w FROM word WHERE w = 'a' AND o = 'b'").shape


@pytest.mark.pg("< 18")
def test_collations_of_icu_are_planned_and_copied(database: Database, twin_server: EmbeddedServer) -> None:
    database.execute("""
        CREATE TABLE word (id int PRIMARY KEY, name text, w text COLLATE "de-x-icu");
        CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE mail (id int, at text COLLATE loose);
        INSERT INTO word SELECT i, 'n' || i, 'w' || i FROM generate_series(1, 20000) i;
        INSERT INTO mail SELECT i, 'm' || i FROM generate_series(1, 100) i;
        CREATE INDEX word_de ON word (name COLLATE "de-x-icu"); CREATE INDEX mail_at ON mail (at);
        VACUUM ANALYZE;
    """)
    database.rows("SELECT pg_stat_statements_reset()")
    for number in range(20):
        database.rows(f"SELECT * FROM word WHERE name = 'n{number}'")
    database.rows('SELECT * FROM word ORDER BY name COLLATE "fr-x-icu" LIMIT 2')
    snapshot = read_snapshot(database.dsn)
    with open_twin(snapshot, twin_server) as twin:
        assert twin.left_out == ()
        assert twin.explain("""SELECT * FROM word WHERE name COLLATE "de-x-icu" = 'n1'""").indexes == ("word_de",)
        advice = advise(snapshot, Goal(), twins=[twin])
    assert advice.unplanned == ()
    assert [one.definition.sql().split(" ON ")[1] for one in advice.indexes][:1] == ["public.word (name)"]
    with make_copies(database.dsn, 0) as made, psycopg.connect(made.after) as connection:
        assert {one.what for one in made.not_examined} == {"collation de-x-icu", "collation public.loose"}
        assert connection.execute("SELECT (SELECT count(*) FROM word), (SELECT count(*) FROM mail)").fetchone() == (
            20000, 100,
        )  # fmt: skip


def test_row_level_security_holds_for_a_role(database: Database, twin_server: EmbeddedServer) -> None:
    role, group = f"app_{uuid4().hex[:8]}", f"readers_{uuid4().hex[:8]}"
    database.execute(f"""
        CREATE ROLE {role} LOGIN; CREATE ROLE {group}; GRANT {group} TO {role};
        CREATE TABLE note (id int PRIMARY KEY, tenant int, body text);
        INSERT INTO note SELECT i, i % 50, 'n' || i FROM generate_series(1, 20000) i;
        CREATE INDEX note_tenant ON note (tenant);
        ALTER TABLE note ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON note TO {role} USING (tenant = current_setting('app.tenant', true)::int);
        CREATE POLICY all_of_it ON note FOR DELETE TO {group} USING (true);
        GRANT ALL ON note TO {role};
        VACUUM ANALYZE note;
    """)
    statements = ("SELECT * FROM note WHERE body = 'n7'", "SELECT count(*) FROM note", "DELETE FROM note WHERE id = 1")
    try:
        with open_twin(read_snapshot(database.dsn), twin_server) as twin:
            assert twin.left_out == ()
            assert_equal(database, twin, statements)
            with twin.configured({"app.tenant": "7", "role": role}):
                assert_equal(database, twin, statements, preface=f"SET app.tenant = 7; SET ROLE {role}")
                assert twin.explain(statements[0]).indexes == ("note_tenant",)
            with twin.configured({"app.tenant": "7"}):
                for values in (None, list[str]()):
                    planned = twin.explain(statements[0], values, role=role)
                    assert planned.indexes == ("note_tenant",)
                    assert twin.price(statements[0], values, frozenset(), role=role)[0] == planned.total_cost
                    assert twin.explain(statements[0], values).indexes == (), "the role ends with the question"
            assert twin.explain(statements[0]).indexes == ()
    finally:
        database.execute(f"DROP POLICY all_of_it ON note; DROP OWNED BY {role}; DROP ROLE {role}; DROP ROLE {group}")


def test_statistics_that_only_the_owner_may_read_are_told(database: Database, twin_server: EmbeddedServer) -> None:
    database.execute("""
        CREATE TABLE pair (a int, b int);
        INSERT INTO pair SELECT i % 10, i % 10 FROM generate_series(1, 1000) i;
        CREATE STATISTICS pair_ab ON a, b FROM pair;
        ANALYZE pair;
    """)
    snapshot = read_snapshot(database.dsn)
    (extended,) = snapshot.extended_statistics
    hidden = ExtendedStatistics(
        extended.name, extended.table, extended.kinds, extended.columns, (), is_inherited=False, is_readable=False
    )
    with open_twin(replace(snapshot, extended_statistics=(hidden,)), twin_server) as twin:
        (told,) = twin.left_out
    assert told.what == "extended statistics pair_ab (ndistinct, dependencies, mcv)"
    assert "owner" in told.reason
    without_values = read_snapshot(database.dsn, with_values=False)
    with open_twin(without_values, twin_server) as twin:
        (told,) = twin.left_out
        assert "common values were not copied" in told.reason
        assert twin.explain("SELECT a, b FROM pair GROUP BY a, b").row_estimate == 10


def test_what_an_extension_lacks_takes_with_it_is_told(database: Database, twin_server: EmbeddedServer) -> None:
    database.execute("""
        CREATE EXTENSION postgres_fdw;
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
        CREATE FOREIGN TABLE remote (id int, name text) SERVER far;
        CREATE TABLE place (id int PRIMARY KEY, at text);
        CREATE INDEX place_at ON place (at);
        CREATE TABLE other (id int PRIMARY KEY, n int);
        UPDATE pg_class SET reltuples = 5000, relpages = 50 WHERE oid = 'remote'::regclass;
        INSERT INTO other SELECT i, i % 10 FROM generate_series(1, 5000) i;
        ANALYZE other;
    """)
    snapshot = read_snapshot(database.dsn)
    with open_twin(snapshot, twin_server) as twin:
        told = {one.what: one.reason for one in twin.left_out}
        assert_equal(database, twin, ("SELECT * FROM other WHERE n = 3",))
    assert "may reach outside of the server" in told["extension postgres_fdw"]
    assert {"server far", "foreign table public.remote"} <= set(told)
    spatial = snapshot.schema_sql.replace("at text", "at geometry").replace("postgres_fdw", "mysql_fdw")
    with open_twin(replace(snapshot, schema_sql=spatial), twin_server) as twin:
        told = {one.what: one.reason for one in twin.left_out}
        assert_equal(database, twin, ("SELECT * FROM other WHERE n = 3",))
        (lost,) = read_workload(replace(snapshot, statements=(make_statement("SELECT * FROM place"),)), twin).unplanned
        assert 'table public.place was left out of the twin: type "geometry" does not exist' in lost.reason
    assert 'type "geometry" does not exist' in told["table public.place"]
    assert "mysql_fdw" in told["extension mysql_fdw"]
    assert {"server far", "foreign table public.remote"} <= set(told)
    assert not any("place_at" in one or "place_pkey" in one for one in told), "they follow from the table"


def assert_equal(source: Database, twin: Twin, statements: tuple[str, ...], *, preface: str = "") -> None:
    different = []
    with psycopg.connect(source.dsn, autocommit=True) as connection:
        connection.execute(preface.encode())
        for text in statements:
            row = connection.execute(f"EXPLAIN (FORMAT JSON) {text}".encode()).fetchone()
            assert row is not None
            expected, planned = read_plan(row[0]), twin.explain(text)
            if planned.shape != expected.shape or planned.total_cost != pytest.approx(expected.total_cost, rel=0.001):
                different.append((text, expected, planned))
    assert different == []
