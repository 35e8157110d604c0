"""The revision as a text: readable, clean for linters, true for any name, and right for the models."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.util import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import DeclarativeBase, mapped_column

from pgwright.model.change import Change, ColumnConversion, ConvertColumns, CreateIndex, DropIndex, UniqueAmongLiving
from pgwright.model.gain import Gain, MeasuredGain
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName, quote
from pgwright.model.worth import Worth
from pgwright.remedies import make_fix, render_revision, render_script
from pgwright.snapshot import read_snapshot
from tests.support.alembic_project import Project, finding
from tests.support.postgres import EMBEDDED, MAJOR, on_few_versions

T = QualifiedName("public", "t")
A = "0b8e1c9a-3d2f-4a6b-8c7d-1e2f3a4b5c6d"


def convert(table: QualifiedName, column: str) -> ConvertColumns:
    return ConvertColumns((ColumnConversion(table, column, "text", "uuid", None, "hyphenated"),), ())


@pytest.mark.parametrize("line_length", [88, 120])
def test_it_is_formatted_and_clean_for_linters(project: Project, line_length: int) -> None:
    project.database.execute("CREATE TABLE t (id text PRIMARY KEY, a text, b text)")
    long = IndexDefinition("ix_" + "x" * 60, T, (IndexKey("a"), IndexKey("b")), predicate="a <> 'it''s'")
    cases: tuple[list[Change], ...] = (
        [convert(T, "id"), CreateIndex(long)],
        [convert(T, "id")],
        [CreateIndex(long)],
        [],
    )
    for changes, has_runtime in product(cases, (False, True)):
        path = project.write(project.plan(finding("f", "t", *changes)), has_runtime=has_runtime)
        ruff = [str(Path(sys.executable).parent / "ruff")]
        options = ["--isolated", f"--line-length={line_length}", str(path)]
        select = "--select=E,F,W,I,B,C4,UP,SIM,RUF,PT,RET,PERF,N,ISC,PIE,A"
        for arguments in (["format", "--diff", *options], ["check", select, "--ignore=E501", *options]):
            result = subprocess.run([*ruff, *arguments], capture_output=True, text=True, check=False)
            assert result.returncode == 0, result.stdout + result.stderr


def test_the_docstring_tells_what_a_reviewer_needs(project: Project) -> None:
    project.database.execute("CREATE TABLE t (id text PRIMARY KEY, a text)")
    create = CreateIndex(IndexDefinition("ix_t_a", T, (IndexKey("a", is_descending=True),)))
    plan = project.plan(
        finding("text-uuid-key", "t (id)", convert(T, "id")),
        finding("missing-index", "t (a)", create),
        finding("deep-offset", "SELECT"),
    )
    docstring = ast.get_docstring(ast.parse(project.write(plan, "abc", None).read_text()))
    assert docstring is not None
    text = " ".join(docstring.split())
    for part in (
        "Fix it",
        "text-uuid-key:t (id)",
        "missing-index:t (a)",
        "deep-offset:SELECT",
        "1. Convert 1 column of 1 table to uuid answers text-uuid-key:t (id)",
        "ACCESS SHARE, then ACCESS EXCLUSIVE, then SHARE UPDATE EXCLUSIVE on t; under a second",
        "2. Create index ix_t_a on t (a DESC) answers missing-index:t (a) SHARE UPDATE EXCLUSIVE on t; under a second",
        "ACCESS EXCLUSIVE: blocks reads and writes",
        "estimated from table sizes",
        "UNSAFE ON A BUSY TABLE",
        'Index("ix_t_a", text("a DESC"))',
        "t.id: mapped_column(Uuid(as_uuid=False))",
        "Revision ID: abc",
    ):
        assert part in text, part


@pytest.mark.parametrize(("has_runtime", "most"), [(True, 200), (False, 300)])
def test_five_indexes_are_a_revision_that_a_team_reads(project: Project, has_runtime: bool, most: int) -> None:
    """With names as long as they are in real apps, and a gain and a measurement for each."""
    columns = ("organization_id", "created_at", "status")
    tables = [f"delivery_assignment_{n}" for n in range(5)]
    for table in tables:
        project.database.execute(f"CREATE TABLE {table} (organization_id int, created_at timestamptz, status text)")
    keys = tuple(IndexKey(column) for column in columns)
    wanted = [
        CreateIndex(
            IndexDefinition(f"ix_{name}_org", QualifiedName("public", name), keys, predicate="status <> 'done'")
        )
        for name in tables
    ]
    plan = project.plan(*(finding("missing-index", f"{one.definition.table.short} (…)", one) for one in wanted))
    gain, measured = Gain(Worth(9e6, 9.0, 0.1, 86_400.0)), (MeasuredGain(1, 96.0, 0.12),) * 2
    rich = replace(plan, remedies=tuple(replace(one, gain=gain, measured=measured) for one in plan.remedies))
    text = render_revision(
        rich,
        revision="r1",
        down_revision=None,
        message="Fix it",
        database="app",
        taken_at="now",
        has_runtime=has_runtime,
    )
    assert text.count("create_index(") >= 5
    assert len(text.splitlines()) < most
    (project.folder / "versions" / "r1.py").write_text(text)
    project.upgrade()
    assert project.dump().count("CREATE INDEX") == 5
    project.downgrade()
    assert "CREATE INDEX" not in project.dump()


def test_alembic_check_is_clean_when_the_models_follow_the_hints(project: Project) -> None:
    project.database.execute("CREATE TABLE t (id text PRIMARY KEY, a text, b text, gone timestamptz)")
    definitions = [
        IndexDefinition("ix_1", T, (IndexKey("a"), IndexKey("b", is_descending=True))),
        IndexDefinition("ix_2", T, (IndexKey("b", operator_class="text_pattern_ops"),), predicate="gone IS NULL"),
        IndexDefinition("ix_3", T, (IndexKey(None, "lower(a)"),), include=("b",), is_unique=True),
        IndexDefinition("ix_4", T, (IndexKey("id"),), method="hash", parameters=("fillfactor=70",)),
        IndexDefinition("ix_5", T, (IndexKey("gone", is_descending=True, nulls_first=False),), predicate="a = 'x:y'"),
    ]
    changes: list[Change] = [convert(T, "id"), *map(CreateIndex, definitions)]
    plan = project.plan(finding("f", "t", *changes))
    project.write(plan)
    project.upgrade()

    class Base(DeclarativeBase):
        pass

    names = {"Index": sa.Index, "text": sa.text, "mapped_column": mapped_column, "Uuid": sa.Uuid}
    hints = [eval(r.model_hint, names) for r in plan.remedies if isinstance(r.change, CreateIndex)]
    (uuid_hint,) = [r.model_hint for r in plan.remedies if isinstance(r.change, ConvertColumns)]
    assert uuid_hint == "t.id: mapped_column(Uuid(as_uuid=False))"

    class Row(Base):
        __tablename__ = "t"
        __table_args__ = tuple(hints)
        id = mapped_column(sa.Uuid, primary_key=True)
        a = mapped_column(sa.Text)
        b = mapped_column(sa.Text)
        gone = mapped_column(sa.DateTime(timezone=True))

    project.metadata = Base.metadata
    command.check(project.config())


def test_an_env_that_began_a_transaction_itself_is_told_how_to_mend_it(project: Project) -> None:
    project.database.execute("CREATE TABLE t (id text PRIMARY KEY, a text)")
    project.write(project.plan(finding("f", "t", CreateIndex(IndexDefinition("ix", T, (IndexKey("a"),))))))
    env = project.folder / "env.py"
    env.write_text(env.read_text().replace("with engine.connect()", "with engine.begin()"))
    with pytest.raises(CommandError, match=r"let it use connect\(\), not begin\(\)"):
        project.upgrade()


def test_the_script_does_what_the_revision_does(project: Project) -> None:
    project.database.execute("CREATE TABLE t (id text PRIMARY KEY, a text); CREATE TABLE empty ()")
    before = project.dump()
    definition = IndexDefinition("ix_t_a", T, (IndexKey("a"),))
    plan = project.plan(finding("f", "t", convert(T, "id"), CreateIndex(definition)))
    project.write(plan)
    project.upgrade()
    after = project.dump()
    project.downgrade()
    script = render_script(plan, message="Fix it", database="app", taken_at="now")
    project.psql(script)
    assert project.dump() == after
    project.database.execute(
        "DROP INDEX ix_t_a; CREATE INDEX ix_t_a ON t (a DESC);"
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_t_a'::regclass"
    )
    project.psql(script)
    assert project.dump() == after
    _, _, undo = script.partition("-- Downgrade")
    project.psql("\n".join(line.removeprefix("--").removeprefix(" ") for line in undo.splitlines()[1:]))
    assert project.dump() == before


@pytest.mark.parametrize("tag", ["$drop_invalid$", "$drop_invalid_$", "$block$"])
def test_a_name_cannot_end_a_block_of_the_offline_script(project: Project, tag: str) -> None:
    place, name = QualifiedName(f"a{tag};CREATE TABLE public.pwned ();--", "t"), "ix$drop_invalid$\\'"
    project.database.execute(f"CREATE SCHEMA {quote(place.schema)}; CREATE TABLE {place} (a text)")
    project.write(project.plan(finding("f", "t", CreateIndex(IndexDefinition(name, place, (IndexKey("a"),))))))
    project.psql(project.offline("upgrade", "head"))
    assert [index.name.name for index in project.snapshot().indexes if index.table == place] == [name]
    assert project.database.rows("SELECT to_regclass('public.pwned')") == [(None,)]


@pytest.mark.parametrize("road", ["script", "revision", "offline"])
def test_a_backslash_stays_one_where_the_database_says_otherwise(project: Project, road: str) -> None:
    predicate = r"(a <> '\'::text) AND (b <> ');CREATE TABLE pwned ();--'::text)"
    project.database.execute("CREATE TABLE t (a text, b text)")
    plan = project.plan(finding("f", "t", CreateIndex(IndexDefinition("ix", T, (IndexKey("a"),), predicate=predicate))))
    project.write(plan)
    name = quote(project.database.name)
    project.database.execute(f"ALTER DATABASE {name} SET standard_conforming_strings = off")
    if road == "script":
        project.psql(render_script(plan, message="Fix it", database="app", taken_at="now"))
    elif road == "offline":
        project.psql(project.offline("upgrade", "head"))
    else:
        project.upgrade()
    assert project.database.rows("SELECT to_regclass('pwned')") == [(None,)]
    (found,) = project.snapshot().indexes
    assert found.sql.endswith(f"WHERE ({predicate})")


def test_no_name_writes_a_line_of_its_own_in_the_docstring(project: Project) -> None:
    place = QualifiedName("public", "t\nFORGED")
    project.database.execute(f'CREATE TABLE {place} ("a\nFORGED" text PRIMARY KEY, b text, deleted_at timestamptz)')
    project.database.execute(
        f'CREATE INDEX kept ON {place} (deleted_at); CREATE UNIQUE INDEX "u\nFORGED" ON {place} (b)'
    )
    project.database.execute(f'CREATE INDEX "ix\nFORGED" ON {place} (deleted_at)')
    by_name = {index.name.name: index for index in project.snapshot().indexes}
    old, unique = by_name["ix\nFORGED"], by_name["u\nFORGED"]
    living = IndexDefinition("new\nFORGED", place, (IndexKey("b"),), predicate="deleted_at IS NULL", is_unique=True)
    plan = project.plan(
        finding("f", "t\nFORGED", convert(place, "a\nFORGED")),
        finding(
            "g", "t\nFORGED", CreateIndex(IndexDefinition("i\nFORGED", place, (IndexKey("b"), IndexKey("a\nFORGED"))))
        ),
        finding("h", "t\nFORGED", DropIndex(old.name, place, old.sql, old.size_bytes)),
        finding("i", "t\nFORGED", UniqueAmongLiving(unique.name, None, unique.sql, living)),
    )
    assert len(plan.remedies) == 4, plan.refused
    docstring = ast.get_docstring(ast.parse(project.write(plan, "abc", None).read_text())) or ""
    assert r"\nFORGED" in docstring
    opening = render_script(plan, message="Fix\nFORGED", database="a\nFORGED", taken_at="now").partition("\n\n")[0]
    for line in [*docstring.splitlines(), *(line.removeprefix("--") for line in opening.splitlines())]:
        assert not re.match(r"\s*FORGED", line), line


# What PostgreSQL takes in a name: anything but NUL; up to 63 bytes.
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=15
) | st.sampled_from(
    ['"', "'", "\\", '"""', "a:b", ":x", "%s", "$block$", "$do$", " ON ", " WHERE ", "{}", "\\\n", "a\nb"]
)


@on_few_versions
@settings(
    max_examples=40 if MAJOR == EMBEDDED else 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(schema=NAMES, table=NAMES, column=NAMES, name=NAMES)
def test_any_name_goes_through(project: Project, schema: str, table: str, column: str, name: str) -> None:
    schema = f"s{schema}"
    place = QualifiedName(schema, table)
    database = project.database
    for path in (project.folder / "versions").glob("*.py"):
        path.unlink()
    database.execute("DROP TABLE IF EXISTS alembic_version")
    database.execute(f"DROP SCHEMA IF EXISTS {quote(schema)} CASCADE; CREATE SCHEMA {quote(schema)}")
    database.execute(f"CREATE TABLE {place} ({quote(column)} text PRIMARY KEY, other_one text)")
    database.execute(f"INSERT INTO {place} VALUES ('{A}')")
    key = IndexKey(column) if column != "other_one" else IndexKey("other_one")
    definition = IndexDefinition(
        f"i{name}", place, (key, IndexKey("other_one")), predicate=f"{quote(column)} IS NOT NULL"
    )
    snapshot = read_snapshot(database.dsn)
    plan = make_fix(snapshot, [finding("f", table, convert(place, column), CreateIndex(definition))])
    assert not plan.refused
    project.write(plan)
    before = project.dump()
    project.upgrade()
    after = project.dump()
    project.downgrade()
    assert project.dump() == before
    database.execute("DROP TABLE alembic_version")
    project.psql(render_script(plan, message=table, database=schema, taken_at="now"))
    assert project.dump() == after
    database.execute(f"DROP SCHEMA {quote(schema)} CASCADE")
    ast.parse(render_revision(plan, revision="r", down_revision=table, message=name, database=column, taken_at="now"))
