"""A fix in revisions that can be deployed one after another."""

from __future__ import annotations

import ast
from pathlib import Path

import psycopg
import pytest

from pgwright.model.change import (
    ColumnConversion,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    UniqueAmongLiving,
)
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.remedies import Part, in_parts, make_fix, render_revision
from tests.support.alembic_project import Project, finding
from tests.support.builders import make_index, make_snapshot, make_table

T = QualifiedName("public", "t")


def index(name: str, *keys: IndexKey, table: QualifiedName = T, predicate: str | None = None) -> IndexDefinition:
    return IndexDefinition(name, table, keys, predicate=predicate)


def titles(parts: tuple[Part, ...]) -> list[list[str]]:
    return [[remedy.title for remedy in part.fix.remedies] for part in parts]


def test_the_safe_ones_are_one_revision_and_each_of_the_others_has_its_own() -> None:
    u, v = (QualifiedName("public", name) for name in "uv")
    old = make_index("ix_old", "v", "a")
    tables = (make_table("t", "id text", rows=9), make_table("u", rows=9), make_table("v", "a int, b text", rows=9))
    snapshot = make_snapshot(*tables, old)
    convert = ConvertColumns((ColumnConversion(T, "id", "text", "uuid", None, "hyphenated"),), ())
    fix = make_fix(
        snapshot,
        [
            finding("missing-index", "u", CreateIndex(index("ix_u", IndexKey("id"), table=u))),
            finding("text-uuid-key", "t", convert),
            finding("missing-index", "v", CreateIndex(index("ix_v", IndexKey(None, "(b::integer)"), table=v))),
            finding("unused-index", "ix_old", DropIndex(old.name, v, old.sql, 1)),
            finding("deep-offset", "q"),
        ],
    )  # fmt: skip
    parts = in_parts(fix, snapshot)
    assert [part.message for part in parts] == ["Index u", "Convert keys of t to uuid", "Index v; drop ix_old"]
    assert titles(parts)[2][1:] == ["Drop index ix_old of v", "Gather statistics of v"], "after what they count on"
    assert [part.fix.by_hand for part in parts] == [("deep-offset:q",), (), ()], "told once"
    (told,) = in_parts(make_fix(snapshot, [finding("text-uuid-key", "t", convert)]), snapshot, "Our keys")
    assert told.message == "Our keys"
    assert [part.message for part in in_parts(fix, snapshot, "Our fix")][:2] == [
        "Our fix: Index u", "Our fix: Convert keys of t to uuid"
    ]  # fmt: skip
    assert in_parts(make_fix(snapshot, []), snapshot) == ()


LIVING = "CREATE TABLE t (id int PRIMARY KEY, email text, gone timestamptz, CONSTRAINT t_email_key UNIQUE (email))"


def parts_of_living(project: Project) -> tuple[Part, ...]:
    snapshot = project.snapshot()
    old = next(one for one in snapshot.indexes if one.name.name == "t_email_key")
    new = IndexDefinition("uq_t_email", T, (IndexKey("email"),), is_unique=True, predicate="gone IS NULL")
    change = UniqueAmongLiving(old.name, "t_email_key", old.sql, new)
    return in_parts(make_fix(snapshot, [finding("soft-delete-unique", "t", change)]), snapshot)


def write(project: Project, parts: tuple[Part, ...]) -> list[Path]:
    paths: list[Path] = []
    for number, part in enumerate(parts, start=1):
        text = render_revision(
            part.fix, revision=f"r{number}", down_revision=f"r{number - 1}" if number > 1 else None,
            message=part.message, database="app", taken_at="now",
        )  # fmt: skip
        paths.append(project.folder / "versions" / f"r{number}.py")
        paths[-1].write_text(text)
    return paths


def test_the_unique_among_living_changes_in_two_revisions_with_the_code_between_them(project: Project) -> None:
    """Whatever is deployed first: new code runs on the schema between, and old code, too."""
    database = project.database
    database.execute(LIVING + "; INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', now())")
    before = project.dump()
    old_code = "INSERT INTO t VALUES (3, 'a') ON CONFLICT (email) DO NOTHING"
    new_code = "INSERT INTO t VALUES (3, 'a') ON CONFLICT (email) WHERE gone IS NULL DO NOTHING"
    paths = write(project, parts_of_living(project))
    assert len(paths) == 2
    docstrings = [" ".join((ast.get_docstring(ast.parse(path.read_text())) or "").split()) for path in paths]
    assert "deploy code that says ON CONFLICT (email) WHERE gone IS NULL wherever it says" in docstrings[0]
    assert "before the next revision" in docstrings[0]
    assert "UNSAFE" not in docstrings[0]
    assert "ON CONSTRAINT t_email_key before it" in docstrings[1]
    project.upgrade("r1")
    for code in (old_code, new_code):
        database.execute(code)
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("INSERT INTO t VALUES (4, 'b')")
    project.upgrade("r2")
    database.execute(new_code)
    with pytest.raises(psycopg.errors.InvalidColumnReference):
        database.execute(old_code)
    database.execute("INSERT INTO t VALUES (4, 'b'); DELETE FROM t WHERE id = 4")
    project.downgrade()
    assert project.dump() == before


def test_each_revision_runs_alone_with_the_functions_that_it_carries(project: Project) -> None:
    project.database.execute(LIVING)
    for path in write(project, parts_of_living(project)):
        text = path.read_text()
        assert "def patient_session()" in text
        assert "pgwright_runtime" not in text
        compile(text, str(path), "exec")
