"""A table is not lost, on the twin or on a copy, for a default that calls an extension which the server lacks."""

from __future__ import annotations

import hmac
from dataclasses import replace

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.proof.copies import make_copies
from pgwright.snapshot import read_snapshot
from pgwright.twin.twin import open_twin
from tests.support.database import Database

SCHEMA = """
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA {schema};
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA {schema};
CREATE TABLE public.account (id uuid DEFAULT {schema}.uuid_generate_v4() PRIMARY KEY, name text);
CREATE TABLE public.message (id uuid DEFAULT {schema}.uuid_generate_v4() PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES public.account, body text,
    token text GENERATED ALWAYS AS (encode({schema}.digest(body, 'sha256'::text), 'hex'::text)) STORED,
    secret bytea DEFAULT {schema}.gen_random_bytes(8));
CREATE INDEX message_hash ON public.message ({schema}.digest(body, 'md5'::text));
"""


@pytest.mark.pg(">= 18")
@pytest.mark.parametrize("schema", ["public", "extensions", '"Odd One"'])
def test_the_twin_keeps_tables_of_missing_extensions(
    database: Database, twin_server: EmbeddedServer, schema: str
) -> None:
    snapshot = read_snapshot(database.dsn)
    making = "" if schema == "public" else f"CREATE SCHEMA {schema};\n"
    with open_twin(replace(snapshot, schema_sql=making + SCHEMA.format(schema=schema)), twin_server) as twin:
        assert [one.what for one in twin.left_out] == ["extension uuid-ossp", "extension pgcrypto"]
        assert all("stand in" in one.reason for one in twin.left_out)
        insert = f"INSERT INTO message (account_id, body) VALUES ({schema}.uuid_generate_v4(), 'a')"
        assert twin.explain(insert).total_cost > 0
        look = f"SELECT * FROM message WHERE {schema}.digest(body, 'md5') = '\\x00' AND body = $1"
        assert "message_hash" in twin.explain(look).indexes


def test_functions_of_unknown_extensions_are_replaced(database: Database, twin_server: EmbeddedServer) -> None:
    schema = """
        CREATE EXTENSION IF NOT EXISTS pg_ulid WITH SCHEMA public;
        CREATE SCHEMA ids;
        CREATE TABLE public.a (id uuid DEFAULT ids.uuid7() PRIMARY KEY, code text DEFAULT ids.nano(21, 'abc'),
            n bigint DEFAULT (ids.flake())::bigint, body text, made timestamp with time zone DEFAULT ids.clock(),
            hash bytea GENERATED ALWAYS AS (ids.blake(body)) STORED, CHECK (ids.is_fair(body)));
        ALTER TABLE ONLY public.a ALTER COLUMN body SET DEFAULT public.words();
        CREATE INDEX a_soft ON public.a USING btree (ids.soft(body));
        CREATE TABLE public.b (id text DEFAULT ids.nano(21, 'abc'), x geometry);
    """
    with open_twin(replace(read_snapshot(database.dsn), schema_sql=schema), twin_server) as twin:
        told = {one.what: one.reason for one in twin.left_out}
        names = ("uuid7", "nano", "flake", "clock", "blake", "is_fair", "soft")
        assert {f"function ids.{name}" for name in names} | {"function public.words"} <= set(told)
        assert set(told) - {f"function ids.{name}" for name in names} == {
            "function public.words", "extension pg_ulid", "an object of the schema",
        }  # fmt: skip
        assert twin.explain("INSERT INTO a (body) VALUES ('x')").total_cost > 0
        assert twin.explain("SELECT * FROM a WHERE ids.soft(body) = 'x' AND id = $1").indexes
        assert 'type "geometry" does not exist' in told["an object of the schema"]


def test_stand_ins_give_what_the_originals_give(database: Database, twin_server: EmbeddedServer) -> None:
    """Digests of FIPS 180, the HMACs of RFC 4231, a UUID of PostgreSQL's manual."""
    snapshot = replace(read_snapshot(database.dsn), schema_sql=SCHEMA.format(schema="public"))
    with open_twin(snapshot, twin_server) as twin:
        rows = twin._owner.execute("""
            SELECT encode(public.digest('abc', 'SHA256'), 'hex'),
                encode(public.digest('\\x616263'::bytea, 'md5'), 'hex'),
                encode(public.hmac('what do ya want for nothing?', 'Jefe', 'sha256'), 'hex'),
                encode(public.hmac('short', repeat('k', 200), 'sha512'), 'hex'),
                public.uuid_generate_v3(public.uuid_ns_url(), 'http://www.postgresql.org')::text,
                length(public.gen_random_bytes(40)), length(public.gen_random_bytes(0)),
                public.uuid_generate_v4() <> public.uuid_generate_v4(), public.uuid_nil()::text
        """).fetchall()
        assert rows == [(
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "900150983cd24fb0d6963f7d28e17f72",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            hmac.new(b"k" * 200, b"short", "sha512").hexdigest(),
            "cf16fe52-3365-3a1f-8572-288d8d2aaa46", 40, 0, True, "00000000-0000-0000-0000-000000000000",
        )]  # fmt: skip
        for call in ("digest('a', 'sha1')", "crypt('a', 'b')", "uuid_generate_v5(public.uuid_ns_dns(), 'a')"):
            with pytest.raises(psycopg.errors.FeatureNotSupported):
                twin._owner.execute(f"SELECT public.{call}".encode())


@pytest.mark.pg("< 18")
@pytest.mark.parametrize("schema", ["public", "extensions"])
def test_every_row_arrives_on_a_copy(database: Database, schema: str) -> None:
    database.execute(f"CREATE SCHEMA IF NOT EXISTS {schema};" + SCHEMA.format(schema=schema))
    database.execute("""
        INSERT INTO account (name) SELECT 'n' || g FROM generate_series(1, 20) g;
        INSERT INTO message (account_id, body) SELECT a.id, 'b' || g FROM account a, generate_series(1, 100) g;
    """)
    token = "SELECT count(*), md5(string_agg(token, '' ORDER BY id)) FROM public.message"
    with make_copies(database.dsn, 0) as made, psycopg.connect(made.after) as connection:
        assert {one.what for one in made.not_examined} == {"extension uuid-ossp", "extension pgcrypto"}
        assert connection.execute(token).fetchall() == database.rows(token)
        connection.execute("INSERT INTO account (name) VALUES ('new')")


@pytest.mark.pg("< 18")
def test_stand_ins_exist_for_every_function_of_a_missing_extension(
    database: Database, twin_server: EmbeddedServer
) -> None:
    names = ("uuid-ossp", "pgcrypto", "sslinfo", "xml2")
    database.execute("".join(f'CREATE EXTENSION "{name}";' for name in names))
    functions = """
        SELECT p.oid::regprocedure::text, p.prorettype::regtype::text, p.provolatile::text
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT p.proretset {}
        ORDER BY 1
    """
    of_extensions = """AND EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
            AND e.extname IN ('uuid-ossp', 'pgcrypto', 'sslinfo', 'xml2'))"""
    wanted = database.rows(functions.format(of_extensions))
    with open_twin(read_snapshot(database.dsn), twin_server) as twin:
        made = twin._owner.execute(functions.format("AND p.proowner = 'pgwright_owner'::regrole").encode()).fetchall()
    assert set(wanted) - set(made) == set()
