"""Attacks in the objects of a database: whoever may create in one schema can make them."""

from __future__ import annotations

from tests.attacks.payload import Effect, Payload

_WHERE = "SELECT n FROM @s@.t WHERE n = @s@.f(1)"
_INSERT = "INSERT INTO @s@.t (n) VALUES (1)"


def _object(
    kind: str, name: str, sql: str = "", fire: str = _INSERT, effect: Effect = "program", **rest: bool
) -> Payload:
    return Payload(kind, name, "objects", sql, fire, effect, **rest)


def _own_table(kind: str, name: str, sql: str, fire: str = _INSERT, effect: Effect = "program") -> Payload:
    return Payload(kind, name, "objects", sql, fire, effect, has_table=False)


_EFFECTS: tuple[Effect, ...] = ("program", "file", "large object", "tcp", "unix", "secret", "environment")

OBJECTS = (
    *(_object("function of a constant", f"fold_{effect.split()[0]}", "", _WHERE, effect) for effect in _EFFECTS),
    _object("function of a constant", "fold_limit", "", "SELECT n FROM @s@.t ORDER BY n LIMIT @s@.f(1)"),
    _object("function of a constant", "fold_in_list", "", "SELECT n FROM @s@.t WHERE n IN (1, @s@.f(2))"),
    _object(
        "function of a constant",
        "fold_inlined",
        "CREATE FUNCTION @s@.g() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT @s@.f(1)';",
        "SELECT n FROM @s@.t WHERE n = @s@.g()",
    ),
    *(
        _object("SECURITY DEFINER", f"definer_{effect.split()[0]}", "", _WHERE, effect, is_definer=True)
        for effect in ("program", "file", "secret", "tcp")
    ),
    _object(
        "SECURITY DEFINER",
        "function_sets_role",
        "CREATE FUNCTION @s@.g(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE SECURITY INVOKER"
        " SET search_path = pg_catalog AS 'BEGIN RESET ROLE; RESET SESSION AUTHORIZATION; RETURN @s@.act(); END';",
        "SELECT n FROM @s@.t WHERE n = @s@.g(1)",
    ),
    _own_table("default", "default_value", "CREATE TABLE @s@.t (n integer, m integer DEFAULT @s@.f(1));"),
    _object(
        "default",
        "default_of_argument",
        "CREATE FUNCTION @s@.g(n integer DEFAULT @s@.f(1)) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n';",
        "SELECT n FROM @s@.t WHERE n = @s@.g()",
    ),
    _own_table("check constraint", "check_program", "CREATE TABLE @s@.t (n integer CHECK (@s@.f(n) > 0));"),
    _own_table("check constraint", "check_file", "CREATE TABLE @s@.t (n integer CHECK (@s@.f(n) > 0));", effect="file"),
    _object("check constraint", "check_of_constant", "ALTER TABLE @s@.t ADD CHECK (n > @s@.f(1));"),
    _object("index expression", "index_on_function", "CREATE INDEX ON @s@.t (@s@.f(n));"),
    _object("index expression", "index_where", "CREATE INDEX ON @s@.t (n) WHERE @s@.f(n) > 0;"),
    _object(
        "index expression", "index_where_constant", "CREATE INDEX ON @s@.t (n) WHERE n > @s@.f(1);", _WHERE, "file"
    ),
    _own_table(
        "generated column",
        "generated",
        "CREATE TABLE @s@.t (n integer, m integer GENERATED ALWAYS AS (@s@.f(n)) STORED);",
    ),
    _object(
        "policy",
        "policy_using",
        "ALTER TABLE @s@.t ENABLE ROW LEVEL SECURITY; ALTER TABLE @s@.t FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON @s@.t USING (n >= @s@.f(1));",
        "SELECT n FROM @s@.t WHERE n >= @s@.f(2)",
    ),
    _object(
        "policy",
        "policy_check",
        "ALTER TABLE @s@.t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON @s@.t WITH CHECK (@s@.f(n) > 0);",
        _WHERE,
        "file",
    ),
    _object("rule", "rule_also", "CREATE RULE r AS ON INSERT TO @s@.t DO ALSO SELECT @s@.f(1);"),
    _object(
        "rule",
        "rule_instead",
        "CREATE RULE r AS ON UPDATE TO @s@.t DO INSTEAD SELECT @s@.f(1);",
        "UPDATE @s@.t SET n = 2",
    ),
    _object(
        "trigger",
        "trigger_row",
        "CREATE FUNCTION @s@.tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM @s@.act(); RETURN NEW; END';"
        "CREATE TRIGGER g BEFORE INSERT ON @s@.t FOR EACH ROW EXECUTE FUNCTION @s@.tg();",
    ),
    _object(
        "trigger",
        "trigger_statement",
        "CREATE FUNCTION @s@.tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM @s@.act(); RETURN NULL; END';"
        "CREATE TRIGGER g AFTER INSERT ON @s@.t EXECUTE FUNCTION @s@.tg();",
        effect="file",
    ),
    _object(
        "cast",
        "cast_by_function",
        "CREATE TYPE @s@.ty AS (n integer);"
        "CREATE FUNCTION @s@.c(@s@.ty) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN @s@.act(); END';"
        "CREATE CAST (@s@.ty AS integer) WITH FUNCTION @s@.c(@s@.ty);",
        "SELECT n FROM @s@.t WHERE n = (ROW(1)::@s@.ty)::integer",
    ),
    _object(
        "operator",
        "operator_folded",
        "CREATE FUNCTION @s@.o(integer, integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE"
        " AS 'BEGIN RETURN @s@.act() = 1; END';"
        "CREATE OPERATOR @s@.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = @s@.o);",
        "SELECT n FROM @s@.t WHERE 1 OPERATOR(@s@.===) 1",
    ),
    _object(
        "operator",
        "operator_of_catalogs",
        "CREATE FUNCTION public.@s@(name, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE"
        " AS 'BEGIN RETURN @s@.act() = 1; END';"
        "CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.@s@);",
        "SELECT n FROM @s@.t WHERE 'a'::name OPERATOR(public.=) 'b'::text",
    ),
    _object(
        "aggregate",
        "aggregate",
        "CREATE FUNCTION @s@.add(integer, integer) RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN @s@.act(); END';"
        "CREATE AGGREGATE @s@.a(integer) (SFUNC = @s@.add, STYPE = integer, INITCOND = '0');",
        "SELECT @s@.a(n) FROM @s@.t WHERE n > 0",
    ),
    _object(
        "view",
        "view",
        "CREATE VIEW @s@.v AS SELECT n FROM @s@.t WHERE n = @s@.f(1);",
        "SELECT n FROM @s@.v WHERE n > 0",
    ),
    _object(
        "materialized view", "matview", "CREATE MATERIALIZED VIEW @s@.m AS SELECT @s@.f(1) AS n;", "SELECT n FROM @s@.m"
    ),
    _own_table(
        "domain",
        "domain",
        "CREATE DOMAIN @s@.d AS integer CHECK (@s@.f(VALUE) > 0); CREATE TABLE @s@.t (n @s@.d);",
        "SELECT n FROM @s@.t WHERE n = 1::@s@.d",
    ),
    _own_table(
        "domain",
        "domain_in_array",
        "CREATE DOMAIN @s@.d AS integer CHECK (@s@.f(VALUE) > 0);"
        "CREATE TABLE @s@.t (n integer, m @s@.d[] DEFAULT '{1}');",
        "SELECT n FROM @s@.t WHERE m = '{1}'::@s@.d[]",
        "file",
    ),
    _own_table(
        "domain",
        "domain_in_composite",
        "CREATE DOMAIN @s@.d AS integer CHECK (@s@.f(VALUE) > 0); CREATE TYPE @s@.c AS (a @s@.d, b integer);"
        "CREATE TABLE @s@.t (n integer, m @s@.c DEFAULT '(1,2)');",
        "SELECT n FROM @s@.t WHERE m = '(1,2)'::@s@.c",
    ),
    _own_table(
        "domain",
        "domain_secret",
        "CREATE DOMAIN @s@.d AS integer CHECK (@s@.f(VALUE) > 0); CREATE TABLE @s@.t (n @s@.d);",
        "SELECT n FROM @s@.t WHERE n = 1::@s@.d",
        "secret",
    ),
    _own_table(
        "range type",
        "range",
        "CREATE FUNCTION @s@.diff(integer, integer) RETURNS double precision LANGUAGE plpgsql IMMUTABLE"
        " AS 'BEGIN RETURN @s@.act(); END';"
        "CREATE TYPE @s@.r AS RANGE (SUBTYPE = integer, SUBTYPE_DIFF = @s@.diff);"
        "CREATE TABLE @s@.t (n integer, m @s@.r DEFAULT '[1,2)'); CREATE INDEX ON @s@.t USING gist (m);",
        "SELECT n FROM @s@.t WHERE m && '[1,5)'::@s@.r",
    ),
    _own_table(
        "partition",
        "partition_bound",
        "CREATE TABLE @s@.t (n integer) PARTITION BY RANGE (n);"
        "CREATE TABLE @s@.p PARTITION OF @s@.t FOR VALUES FROM (@s@.f(1)) TO (10);",
    ),
    _own_table(
        "partition",
        "partition_key",
        "CREATE TABLE @s@.t (n integer) PARTITION BY RANGE (@s@.f(n));"
        "CREATE TABLE @s@.p PARTITION OF @s@.t FOR VALUES FROM (0) TO (10);",
    ),
    _object(
        "extended statistics", "extended", "CREATE STATISTICS @s@.st ON n, (@s@.f(n)) FROM @s@.t;", "ANALYZE @s@.t"
    ),
    _object(
        "search_path",
        "shadows_catalog",
        "CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE plpgsql IMMUTABLE"
        " AS 'BEGIN PERFORM @s@.act(); RETURN 1; END';"
        "CREATE FUNCTION public.pg_relation_filepath(text) RETURNS text LANGUAGE plpgsql IMMUTABLE"
        " AS 'BEGIN PERFORM @s@.act(); RETURN $$/etc/passwd$$; END';"
        "CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql IMMUTABLE"
        " AS 'BEGIN PERFORM @s@.act(); END';",
        "SELECT public.current_setting('x')",
    ),
    _object(
        "search_path",
        "path_of_the_database",
        "CREATE FUNCTION @s@.format_type(oid, integer) RETURNS text LANGUAGE plpgsql IMMUTABLE"
        " AS 'BEGIN PERFORM @s@.act(); RETURN 1; END';"
        "CREATE FUNCTION @s@.pg_get_indexdef(oid) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN @s@.act(); END';"
        "CREATE FUNCTION @s@.now() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN PERFORM @s@.act(); RETURN NULL; END';"
        "CREATE VIEW @s@.pg_class AS SELECT @s@.act() AS oid;"
        "DO $do$ BEGIN"
        " EXECUTE format('ALTER DATABASE %I SET search_path = @s@, pg_catalog, public', current_database());"
        " EXCEPTION WHEN insufficient_privilege THEN NULL; END $do$;",
        "SELECT @s@.format_type(23, NULL)",
    ),
    _object(
        "found by name",
        "revision_table",
        "CREATE VIEW public.alembic_version AS SELECT @s@.act()::text AS version_num;",
        "SELECT n FROM @s@.t WHERE n > 0",
    ),
    _object(
        "found by name",
        "own_statements",
        "CREATE VIEW public.pg_stat_activity AS SELECT @s@.act() AS pid;"
        "CREATE FUNCTION public.pg_stat_statements(boolean) RETURNS SETOF integer LANGUAGE sql"
        " AS 'SELECT @s@.act()';",
        "SELECT n FROM @s@.t WHERE n > 1",
        "file",
    ),
    _object(
        "collation",
        "collation_rules",
        "CREATE COLLATION @s@.c (PROVIDER = icu, LOCALE = '../../../../@mark@', DETERMINISTIC = false);",
        _WHERE,
        "file",
    ),
)
