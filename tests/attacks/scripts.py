"""Attacks in the text of a snapshot's `schema_sql`: what runs as soon as somebody feeds it to a server or to psql."""

from __future__ import annotations

from tests.attacks.payload import Effect, Payload

_PROGRAM = "COPY (SELECT 1) TO PROGRAM 'touch @mark@'"


def _script(kind: str, name: str, sql: str, fire: str = "", effect: Effect | None = None) -> Payload:
    return Payload(kind, name, "schema_sql", sql, fire, effect)


# The parser reads them all.
SCRIPTS = (
    _script("COPY", "copy_to_program", f"{_PROGRAM};"),
    _script("COPY", "copy_to_file", "COPY (SELECT 1) TO '@mark@';"),
    _script("COPY", "copy_from_program", "CREATE TABLE copied (a text); COPY copied FROM PROGRAM 'touch @mark@';"),
    _script("COPY", "copy_from_file", "CREATE TABLE stolen (a text); COPY stolen FROM '@secret@';"
            "DO $$ BEGIN RAISE EXCEPTION '%', (SELECT string_agg(a, '') FROM stolen); END $$;"),
    _script("DO", "do_program", f"DO $x$ BEGIN EXECUTE $y${_PROGRAM}$y$; END $x$;"),
    _script("DO", "do_file", "DO $x$ BEGIN COPY (SELECT 1) TO '@mark@'; END $x$;"),
    _script("query", "select_lo_export", "SELECT lo_create(@oid@); SELECT lo_export(@oid@, '@mark@');"),
    _script("query", "select_secret", "SELECT ('x' || pg_read_file('@secret@'))::integer;"),
    _script("query", "select_act", "SELECT @s@.act();", effect="program"),
    _script("query", "set_config_of_query",
            "SELECT pg_catalog.set_config('search_path', (SELECT @s@.act()::text), false);", effect="program"),
    _script("query", "table_of_query", "CREATE TABLE @s@.u AS SELECT @s@.act() AS n;", effect="program"),
    _script("query", "values_of_query", "INSERT INTO @s@.t VALUES (@s@.act());", effect="file"),
    _script("query", "cursor", "BEGIN; DECLARE c CURSOR FOR SELECT @s@.act(); FETCH c; COMMIT;", effect="program"),
    _script("query", "explain_analyze", "EXPLAIN ANALYZE SELECT @s@.act();", effect="program"),
    _script("query", "procedure", "CREATE PROCEDURE @s@.p() LANGUAGE plpgsql AS 'BEGIN PERFORM @s@.act(); END';"
            "CALL @s@.p();", effect="file"),
    _script("prepared statement", "prepare", "PREPARE p_@s@ AS SELECT @s@.act(); EXECUTE p_@s@;", effect="program"),
    _script("prepared statement", "prepare_ours", "PREPARE s0 AS SELECT @s@.f(1); EXECUTE s0;", effect="program"),
    _script("materialized view", "refresh", "CREATE MATERIALIZED VIEW @s@.m AS SELECT @s@.act() WITH NO DATA;"
            "REFRESH MATERIALIZED VIEW @s@.m;", effect="program"),
    _script("index expression", "reindex", "INSERT INTO @s@.t VALUES (1); CREATE INDEX i ON @s@.t (@s@.f(n));"
            "REINDEX TABLE @s@.t; CLUSTER @s@.t USING i;", effect="program"),
    _script("transaction", "commit_first", f"COMMIT; {_PROGRAM};"),
    _script("transaction", "rollback_first", f"ROLLBACK; {_PROGRAM}; BEGIN;"),
    _script("transaction", "savepoint", f"BEGIN; SAVEPOINT a; {_PROGRAM}; ROLLBACK TO a; COMMIT;"),
    _script("role", "reset_role", f"RESET ROLE; RESET SESSION AUTHORIZATION; {_PROGRAM};"),
    _script("role", "set_role", f"SET ROLE postgres; SET SESSION AUTHORIZATION postgres; {_PROGRAM};"),
    _script("role", "alter_role", f"ALTER ROLE pgwright_owner SUPERUSER; {_PROGRAM};"),
    _script("role", "grant_program", "GRANT pg_execute_server_program TO pgwright_owner;"
            f"SET ROLE pg_execute_server_program; {_PROGRAM};"),
    _script("event trigger", "event_trigger",
            "CREATE FUNCTION @s@.et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM @s@.act(); END';"
            "CREATE EVENT TRIGGER @s@ ON ddl_command_end EXECUTE FUNCTION @s@.et(); CREATE TABLE @s@.u ();",
            "SELECT n FROM @s@.t", "program"),
    _script("language", "language_internal", "CREATE SCHEMA @s@; CREATE FUNCTION @s@.r(text) RETURNS text"
            " LANGUAGE internal IMMUTABLE AS 'pg_read_file_all'; SELECT ('x' || @s@.r('@secret@'))::integer;"),
    _script("language", "language_c", "CREATE SCHEMA @s@; CREATE FUNCTION @s@.r() RETURNS integer"
            " LANGUAGE c IMMUTABLE AS '@mark@.so', 'r'; SELECT @s@.r();"),
    _script("language", "language_new", "CREATE SCHEMA @s@; CREATE LANGUAGE plpgsql_@s@ HANDLER plpgsql_call_handler;"
            f"CREATE FUNCTION @s@.r() RETURNS integer LANGUAGE plpgsql_@s@ AS $x$BEGIN {_PROGRAM}; RETURN 1; END$x$;"
            "SELECT @s@.r();"),
    _script("extension", "file_fdw", "CREATE SCHEMA @s@; CREATE EXTENSION file_fdw;"
            "CREATE SERVER @s@ FOREIGN DATA WRAPPER file_fdw;"
            "CREATE FOREIGN TABLE @s@.t (a text) SERVER @s@ OPTIONS (program 'touch @mark@');",
            "SELECT a FROM @s@.t"),
    _script("extension", "postgres_fdw_tcp", "CREATE SCHEMA @s@; CREATE EXTENSION IF NOT EXISTS postgres_fdw;"
            "CREATE SERVER @s@ FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '@port@',"
            " sslmode 'disable', gssencmode 'disable', use_remote_estimate 'true');"
            "CREATE USER MAPPING FOR PUBLIC SERVER @s@ OPTIONS (user '@s@', password 'x');"
            "CREATE FOREIGN TABLE @s@.t (n integer) SERVER @s@;", "SELECT n FROM @s@.t WHERE n = 1"),
    _script("extension", "postgres_fdw_unix", "CREATE SCHEMA @s@; CREATE EXTENSION IF NOT EXISTS postgres_fdw;"
            "CREATE SERVER @s@ FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '@socket@', use_remote_estimate 'true');"
            "CREATE USER MAPPING FOR PUBLIC SERVER @s@ OPTIONS (user '@s@', password 'x');"
            "CREATE FOREIGN TABLE @s@.t (n integer) SERVER @s@;", "SELECT n FROM @s@.t WHERE n = 1"),
    _script("extension", "dblink_tcp", "CREATE EXTENSION IF NOT EXISTS dblink; SELECT dblink_connect('@tcp@');"),
    _script("extension", "dblink_unix", "CREATE EXTENSION IF NOT EXISTS dblink; SELECT dblink_connect('@unix@');"),
    _script("subscription", "subscription", "CREATE SUBSCRIPTION @s@ CONNECTION '@tcp@' PUBLICATION p;"),
    _script("server", "alter_system", "ALTER SYSTEM SET shared_preload_libraries = '@mark@.so';"
            "ALTER SYSTEM SET archive_command = 'touch @mark@'; SELECT pg_reload_conf();"),
    _script("server", "alter_owner", "ALTER ROLE pgwright_owner SET session_preload_libraries = '@mark@.so';"
            "ALTER ROLE ALL SET local_preload_libraries = '@mark@.so'; ALTER ROLE ALL RESET ALL;"),
    _script("server", "load", "LOAD '@mark@.so';"),
    _script("server", "tablespace", "CREATE TABLESPACE @s@ LOCATION '@outside@';"),
    _script("parser", "nested_comment", f"/* /* */ {_PROGRAM}; */ SELECT 1; {_PROGRAM};"),
    # To the parser, which knows one rule for strings, the second statement is a part of one.
    _script("parser", "strings_do_not_conform", "SET standard_conforming_strings = off;"
            "SELECT 'a\\' , '; COPY (SELECT 1) TO PROGRAM $x$touch @mark@$x$; --';"),
    _script("search_path", "path_in_dump", "CREATE FUNCTION @s@.array_in(cstring, oid, integer) RETURNS anyarray"
            " LANGUAGE plpgsql AS 'BEGIN PERFORM @s@.act(); RETURN NULL; END';"
            "SELECT pg_catalog.set_config('search_path', '@s@, pg_catalog', false);", effect="program"),
)  # fmt: skip

# The parser refuses these, and psql does what they say, as the user who runs it.
FOR_PSQL = (
    _script("psql", "psql_shell", "\\! touch @mark@\n"),
    _script("psql", "psql_shell_after", "SELECT 1 \\! touch @mark@\n;"),
    _script("psql", "psql_output", "\\o @mark@\nSELECT 1;\n\\o\n"),
    _script("psql", "psql_output_pipe", "\\o |touch @mark@\nSELECT 1;\n\\o\n"),
    _script("psql", "psql_go_pipe", "SELECT 1 \\g |touch @mark@\n"),
    _script("psql", "psql_go_file", "SELECT 1 \\g @mark@\n"),
    _script("psql", "psql_copy", "\\copy (SELECT 1) TO '@mark@'\n"),
    _script("psql", "psql_copy_program", "\\copy (SELECT 1) TO PROGRAM 'touch @mark@'\n"),
    _script("psql", "psql_gexec", f"SELECT $x${_PROGRAM}$x$ \\gexec\n"),
    _script("psql", "psql_backquote", "\\set x `touch @mark@`\n"),
    _script("psql", "psql_setenv", "\\setenv PAGER 'touch @mark@'\n\\pset pager always\nSELECT 1;\n"),
    _script("psql", "psql_write", "SELECT 1\n\\w @mark@\n;"),
    _script("psql", "psql_include", "\\i @included@\n"),
    _script("psql", "psql_connect", "\\connect '@tcp@'\n"),
    _script("psql", "psql_connect_unix", "\\connect '@unix@'\n"),
    _script("psql", "psql_large_object", "\\lo_import @secret@ \\lo_export :LASTOID @mark@\n"),
    _script("psql", "psql_unrestrict", "\\restrict abc\n\\unrestrict abc\n\\! touch @mark@\n"),
    _script("psql", "psql_after_data", "CREATE TABLE data_@s@ (a text);\n"
            "COPY data_@s@ FROM stdin;\nx\n\\.\n\\! touch @mark@\n"),
    _script("psql", "psql_in_header", "-- Name: x\n\\! touch @mark@\n; Type: TABLE; Schema: s; Owner: -\n"),
    _script("psql", "psql_crlf", "--\r\\! touch @mark@\r\n"),
    _script("parser", "open_quote", f"SELECT 'a\n; {_PROGRAM}; --'"),
    _script("parser", "unknown_then_known", f"CREATE NONSENSE x; {_PROGRAM};"),
    _script("parser", "other_encoding", f"SET client_encoding = 'SJIS'; SELECT '\u8868'; {_PROGRAM}; --';"),
    _script("parser", "dollar_quotes", f"SELECT $a$ $b$ ; {_PROGRAM}; $a$; {_PROGRAM}; SELECT $c$"),
)  # fmt: skip
