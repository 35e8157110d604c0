"""Text to uuid and integer to bigint: values kept, bad ones refused before anything is locked."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from pgwright.model.change import ColumnConversion, ConvertColumns, UuidFormat
from pgwright.model.finding import Finding
from pgwright.model.names import QualifiedName
from tests.support.alembic_project import Project, finding

A = "0b8e1c9a-3d2f-4a6b-8c7d-1e2f3a4b5c6d"
B = "ffffffff-3d2f-4a6b-8c7d-1e2f3a4b5c6d"


def convert(
    *places: tuple[str, str],
    from_type: str = "text",
    uuid_format: UuidFormat = "hyphenated",
    default: str | None = None,
) -> Finding:
    columns = tuple(
        ColumnConversion(QualifiedName("public", table), column, from_type, "uuid", default, uuid_format)
        for table, column in places
    )
    return finding("text-uuid-key", f"{places[0][0]} ({places[0][1]})", ConvertColumns(columns, ()))


def texts(project: Project, sql: str = "SELECT id::text FROM t ORDER BY 1") -> list[object]:
    return [row[0] for row in project.database.rows(sql)]


@pytest.mark.parametrize(
    ("from_type", "uuid_format", "given", "back"),
    [
        ("text", "hyphenated", A, A),
        ("character varying(36)", "hyphenated", A.upper(), A),
        ("character varying(32)", "plain", A.replace("-", ""), A.replace("-", "")),
        ("character(36)", "hyphenated", A, A),
        ("character(32)", "plain", A.replace("-", "").upper(), A.replace("-", "")),
        ("text", "mixed", A.replace("-", ""), A),
    ],
)
def test_values_are_kept_in_both_spellings(
    project: Project, from_type: str, uuid_format: UuidFormat, given: str, back: str
) -> None:
    other = B.replace("-", "") if uuid_format == "plain" else B
    project.database.execute(
        f"CREATE TABLE t (id {from_type} PRIMARY KEY); INSERT INTO t VALUES ('{given}'), ('{other}')"
    )
    project.write(project.plan(convert(("t", "id"), from_type=from_type, uuid_format=uuid_format)))
    project.upgrade()
    assert texts(project) == [A, B]
    assert texts(project, "SELECT DISTINCT pg_typeof(id)::text FROM t") == ["uuid"]
    project.downgrade()
    assert texts(project) == [back, other]
    assert project.snapshot().column(QualifiedName("public", "t"), "id").type == from_type


@pytest.mark.parametrize("bad", ["x", "", A + " ", A[:-1], "{" + A + "}"])
@pytest.mark.parametrize("is_offline", [False, True])
def test_a_value_that_is_no_uuid_is_told(project: Project, bad: str, is_offline: bool) -> None:
    project.database.execute(f"CREATE TABLE t (id text PRIMARY KEY); INSERT INTO t VALUES ('{A}'), ('{bad}')")
    project.write(project.plan(convert(("t", "id"))))
    before = project.dump()
    message = rf"id of public.t: 1 values are no UUID, for example '{bad[:5].replace('{', '.')}"
    if is_offline:
        with pytest.raises(AssertionError, match=message):
            project.psql(project.offline("upgrade", "head"))
    else:
        with pytest.raises(DBAPIError, match=message):
            project.upgrade()
    assert project.dump() == before


def test_two_texts_of_one_uuid_are_told(project: Project) -> None:
    project.database.execute(
        "CREATE TABLE t (id text PRIMARY KEY, n int, UNIQUE (n, id));"
        f"INSERT INTO t VALUES ('{A}', 1), ('{A.upper()}', 2), ('{A.replace('-', '')}', 1)"
    )
    project.write(project.plan(convert(("t", "id"), uuid_format="mixed")))
    with pytest.raises(DBAPIError, match=rf"unique \(.*\) of public.t: several texts are the same UUID.*{A}"):
        project.upgrade()
    assert len(texts(project)) == 3


def test_linked_columns_get_one_spelling_back(project: Project) -> None:
    project.database.execute(
        "CREATE TABLE a (id text PRIMARY KEY); CREATE TABLE b (a_id text REFERENCES a);"
        f"INSERT INTO a VALUES ('{A}'), ('{B.replace('-', '')}'); INSERT INTO b VALUES ('{B.replace('-', '')}')"
    )
    # The sample of b shows plain ones only; a has both.
    project.write(project.plan(convert(("a", "id"), uuid_format="mixed"), convert(("b", "a_id"), uuid_format="plain")))
    project.upgrade()
    project.downgrade()
    assert texts(project, "SELECT a_id FROM b") == [B]


def test_a_default_that_makes_plain_texts_survives(project: Project) -> None:
    project.database.execute("CREATE TABLE t (id text PRIMARY KEY DEFAULT replace(gen_random_uuid()::text, '-', ''))")
    column = project.snapshot().column(QualifiedName("public", "t"), "id")
    before = project.dump()
    plan = project.plan(convert(("t", "id"), uuid_format="plain", default=column.default))
    assert (
        plan.remedies[0].model_hint
        == 't.id: mapped_column(Uuid(as_uuid=False), server_default=text("gen_random_uuid()"))'
    )
    project.write(plan)
    project.upgrade()
    project.database.execute("INSERT INTO t DEFAULT VALUES")
    assert project.snapshot().column(QualifiedName("public", "t"), "id").default == "gen_random_uuid()"
    project.downgrade()
    project.database.execute("INSERT INTO t DEFAULT VALUES")
    assert {len(str(text)) for text in texts(project)} == {32}
    assert project.dump() == before


def test_names_with_quotes_capitals_and_signs_in_several_schemas(project: Project) -> None:
    project.database.execute(
        """
        CREATE SCHEMA "My App's";
        CREATE TABLE "My App's"."Users $block$" ("Id :x" text PRIMARY KEY, "100%" text);
        CREATE TABLE public."select" (
            id text PRIMARY KEY, "user" text CONSTRAINT "fk ""q" REFERENCES "My App's"."Users $block$" ON UPDATE CASCADE
        );
        """
        f"""INSERT INTO "My App's"."Users $block$" VALUES ('{A}'); INSERT INTO "select" VALUES ('{B}', '{A}')"""
    )
    users, other = QualifiedName("My App's", "Users $block$"), QualifiedName("public", "select")
    columns = tuple(
        ColumnConversion(table, name, "text", "uuid", None, "hyphenated")
        for table, name in ((users, "Id :x"), (other, "user"), (other, "id"))
    )
    project.write(project.plan(finding("text-uuid-key", "Users", ConvertColumns(columns, ()))))
    before, offline = project.dump(), project.offline("upgrade", "head")
    project.upgrade()
    after = project.dump()
    assert after.count(" uuid") == 3
    project.downgrade()
    assert project.dump() == before
    project.database.execute("DROP TABLE alembic_version")
    project.psql(offline)
    assert project.dump() == after


def test_a_partitioned_table_and_its_keys(project: Project) -> None:
    project.database.execute(
        "CREATE TABLE a (id text PRIMARY KEY); INSERT INTO a VALUES ('" + A + "');"
        "CREATE TABLE p (id text, at date, a_id text REFERENCES a, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
        f"INSERT INTO p VALUES ('{B}', '2020-02-02', '{A}')"
    )
    before = project.dump()
    plan = project.plan(convert(("a", "id"), ("p", "id"), ("p", "a_id"), ("p1", "a_id")))
    assert not plan.refused
    project.write(plan)
    project.upgrade()
    assert texts(project, "SELECT pg_typeof(a_id)::text FROM p1") == ["uuid"]
    project.downgrade()
    assert project.dump() == before


def test_a_key_that_only_a_partition_has(project: Project) -> None:
    project.database.execute(
        "CREATE TABLE a (id text PRIMARY KEY); CREATE TABLE p (at date, a_id text) PARTITION BY RANGE (at);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
        "ALTER TABLE p1 ADD CONSTRAINT only_here FOREIGN KEY (a_id) REFERENCES a"
    )
    before = project.dump()
    plan = project.plan(convert(("a", "id")), convert(("p", "a_id")))
    assert not plan.refused
    project.write(plan)
    project.upgrade()
    assert [key.name for key in project.snapshot().foreign_keys if key.is_validated] == ["only_here"]
    project.downgrade()
    assert project.dump() == before


def test_integer_to_bigint_with_sequences_and_keys(project: Project) -> None:
    project.database.execute(
        "CREATE TABLE a (id serial PRIMARY KEY); INSERT INTO a DEFAULT VALUES;"
        "CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a_id int REFERENCES a);"
        "INSERT INTO b (a_id) VALUES (1)"
    )
    a, b = QualifiedName("public", "a"), QualifiedName("public", "b")
    columns = tuple(
        ColumnConversion(table, name, "integer", "bigint", default)
        for table, name, default in ((a, "id", "nextval('a_id_seq'::regclass)"), (b, "id", None), (b, "a_id", None))
    )
    before = project.dump()
    plan = project.plan(finding("sequence-near-limit", "a_id_seq", ConvertColumns(columns, ())))
    assert plan.remedies[0].model_hint.splitlines()[0] == "a.id: mapped_column(BigInteger)"
    project.write(plan)
    project.upgrade()
    after = project.dump()
    assert " integer" not in after
    assert {sequence.limit for sequence in project.snapshot().sequences} == {2**63 - 1}
    project.downgrade()
    assert project.dump() == before
    project.upgrade()
    assert project.dump() == after


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("CREATE VIEW v AS SELECT x.id FROM t x", "the view v depends on t (id)"),
        (
            "CREATE TABLE u (name text); CREATE VIEW v AS SELECT x.id FROM t x JOIN u y ON y.name = x.name",
            "the view v depends on t (id)",
        ),
        ("CREATE MATERIALIZED VIEW v AS SELECT * FROM t", "the materialized view v depends on t (id)"),
        ("ALTER TABLE t ADD g text GENERATED ALWAYS AS (upper(id)) STORED", "the generated column g"),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (length(id) > 3)", "the check constraint c"),
        ("CREATE POLICY p ON t USING (id = current_setting('app.id'))", "the policy p"),
        ("CREATE RULE r AS ON UPDATE TO t WHERE new.id = 'x' DO INSTEAD NOTHING", "the rule r"),
        (
            """CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
            CREATE TRIGGER g BEFORE UPDATE OF id ON t EXECUTE FUNCTION f()""",
            "the trigger g",
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(id) FROM t; END",
            "the function f",
            marks=pytest.mark.pg(">= 14"),
        ),
        ("CREATE INDEX ON t (lower(id))", "has the expression lower(id)"),
        ("CREATE INDEX ON t (name) WHERE id <> 'x'", "has the predicate"),
        ("CREATE INDEX ON t (id text_pattern_ops)", "an operator class or collation of text on id"),
        pytest.param("CREATE PUBLICATION p FOR TABLE t (id)", "the publication p", marks=pytest.mark.pg(">= 15")),
        pytest.param(
            "ALTER TABLE t REPLICA IDENTITY FULL; CREATE PUBLICATION p FOR TABLE t WHERE (id <> 'x')",
            "the publication p",
            marks=pytest.mark.pg(">= 15"),
        ),
        ("CREATE TABLE u (whole t)", "u (whole) holds whole rows of t"),
        ("CREATE TABLE u (name text, id text); CREATE TABLE h () INHERITS (t, u)", "the heir of several tables h"),
        ("CREATE TABLE u (t_id text REFERENCES t)", "both or none must become uuid"),
        ("CREATE TABLE h () INHERITS (t)", ""),
        pytest.param(
            "CREATE STATISTICS s ON (lower(id)), name FROM t",
            "the statistics on an expression s",
            marks=pytest.mark.pg(">= 14"),
        ),
        ("CREATE STATISTICS s ON id, name FROM t", ""),
        ("CREATE PUBLICATION p FOR TABLE t", ""),
    ],
)
def test_refused_when_something_depends_on_the_column(project: Project, statement: str, reason: str) -> None:
    project.database.execute("CREATE TABLE t (id text PRIMARY KEY, name text); " + statement)
    plan = project.plan(convert(("t", "id")))
    if reason:
        assert plan.remedies == ()
        assert [refused.what for refused in plan.refused] == ["text-uuid-key:t (id)"]
        assert reason in plan.refused[0].reason
    else:
        assert len(plan.remedies) == 1
    # The server thinks the same.
    alter = "ALTER TABLE t ALTER id TYPE uuid USING id::uuid"
    if reason and "both or none" not in reason:
        with pytest.raises(Exception, match="not"):
            project.database.execute(alter)
    elif not reason:
        project.database.execute(alter)


def test_names_with_quotes_hide_nothing(project: Project) -> None:
    project.database.execute(
        'CREATE TABLE "t ""1" ("i""d" text PRIMARY KEY, name text); CREATE VIEW "v ""2" AS SELECT "i""d" FROM "t ""1"'
    )
    column = ColumnConversion(QualifiedName("public", 't "1'), 'i"d', "text", "uuid", None, "hyphenated")
    plan = project.plan(finding("text-uuid-key", "t", ConvertColumns((column,), ())))
    assert plan.remedies == ()
    assert 'the view "v ""2" depends on "t ""1" ("i""d")' in plan.refused[0].reason


def test_a_domain_is_kept_with_all_that_it_says(project: Project) -> None:
    project.database.execute(
        """
        CREATE DOMAIN small_id AS int CHECK (value > 100); CREATE DOMAIN smaller_id AS small_id;
        CREATE TABLE a (id bigint PRIMARY KEY); CREATE TABLE b (a_id smaller_id REFERENCES a)
        """
    )
    column = ColumnConversion(QualifiedName("public", "b"), "a_id", "smaller_id", "bigint")
    plan = project.plan(finding("foreign-key-type-mismatch", "b (a_id)", ConvertColumns((column,), ())))
    assert plan.remedies == ()
    assert "b (a_id) is of the domain smaller_id" in plan.refused[0].reason


def test_subscribers_are_named(project: Project) -> None:
    project.database.execute("CREATE TABLE t (id text PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t")
    assert "Subscribers of p keep the old type" in project.plan(convert(("t", "id"))).remedies[0].warning


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v AS SELECT name FROM t",
        "CREATE VIEW v AS SELECT u.id, t.name FROM t JOIN u ON u.name = t.name",
        "CREATE VIEW v AS SELECT y.id, x.name FROM t x JOIN u y ON y.name = x.name",
        "CREATE INDEX ON t (name) WHERE id IS NOT NULL",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (id IS NOT NULL AND name <> '')",
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM t'",
    ],
)
def test_not_refused_for_what_does_not_depend_on_it(project: Project, statement: str) -> None:
    project.database.execute(
        "CREATE TABLE t (id text PRIMARY KEY, name text); CREATE TABLE u (id text, name text); " + statement
    )
    plan = project.plan(convert(("t", "id")))
    assert not plan.refused
    project.write(plan)
    project.upgrade()
    if "FUNCTION" in statement:
        assert "bear the new type: f." in plan.remedies[0].warning


def test_one_refused_conversion_does_not_hold_up_the_others(project: Project) -> None:
    project.database.execute(
        """
        CREATE TABLE t (id text PRIMARY KEY, v_id text);
        CREATE VIEW w AS SELECT id FROM t;
        CREATE TABLE u (id text PRIMARY KEY, t_id text REFERENCES t);
        CREATE TABLE v (id text PRIMARY KEY)
        """
    )
    plan = project.plan(
        convert(("t", "id")), convert(("u", "t_id")), convert(("u", "id")), convert(("v", "id"), ("t", "v_id"))
    )
    assert [remedy.findings for remedy in plan.remedies] == [("text-uuid-key:u (id)", "text-uuid-key:v (id)")]
    assert [refused.what for refused in plan.refused] == ["text-uuid-key:t (id)", "text-uuid-key:u (t_id)"]
