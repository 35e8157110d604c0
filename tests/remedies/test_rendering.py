"""The revision, the script and the preface of remedies made by hand, to the letter: what a reviewer is shown."""

from __future__ import annotations

import ast
from dataclasses import replace
from textwrap import dedent

import pytest

from pgwright.code.index_call import index_call
from pgwright.model.change import AnalyzeTable, ColumnConversion, ConvertColumns, CreateIndex, UniqueAmongLiving
from pgwright.model.fix import Fix, Later
from pgwright.model.gain import Gain, MeasuredGain
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.remedy import LockMode, Remedy, Step
from pgwright.model.worth import Worth
from pgwright.remedies import render_revision, render_script
from pgwright.remedies.indexes import on_lines
from pgwright.remedies.preface import broken, preface

T = QualifiedName("public", "t")
INDEX = IndexDefinition("ix_t_a", T, (IndexKey("a"),))


def step(sql: str, *, outside: bool = True, lock: LockMode = "SHARE", builds: str = "", long: bool = False) -> Step:
    return Step(sql, not outside, lock, ("public.t",), builds, long)


def remedy(*upgrade: Step, title: str = "Do it", downgrade: tuple[Step, ...] = (), **fields: object) -> Remedy:
    known = Remedy(title, AnalyzeTable(T), ("check:t",), upgrade, downgrade, True, "", 3.0, "")
    return replace(known, **fields)  # type: ignore[arg-type]


def revision(*remedies: Remedy) -> str:
    return render_revision(
        Fix(remedies, (), ()), revision="r2", down_revision="r1", message="Fix it", database="app", taken_at="today"
    )


def calls(text: str, function: str = "upgrade") -> list[tuple[str, list[str]]]:
    """Return the calls of a function of the revision: which, and with what, as the server gets it."""
    (body,) = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == function)
    found = [node for node in ast.walk(body) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    found.sort(key=lambda call: call.lineno)
    return [
        (call.func.id, [dedent(ast.literal_eval(argument)).strip() for argument in call.args])  # type: ignore[attr-defined]
        for call in found
        if call.args
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT '" + "x" * 100 + "'",
        "SELECT\n    'a'",
        "SELECT\n    'a\\nb'",
        'SELECT\n    \'"""\'',
        "SELECT\n    'a\tb'",
        "SELECT 'it''s' AS \"Name\"",
        'SELECT "N"',
        "SELECT '" + "\\" * 70 + "'",
    ],
)
def test_the_server_gets_the_sql_as_it_is(sql: str) -> None:
    assert calls(revision(remedy(step(sql)))) == [("run", [sql])]
    assert calls(revision(remedy(step(sql, builds="public.ix")))) == [("create_index", ["public.ix", sql])]


def test_a_revision_says_what_it_follows_and_runs_each_step_as_it_must() -> None:
    text = revision(
        remedy(
            step("ONE", outside=False), step("TWO", outside=False), step("THREE", long=True), step("FOUR"),
            title="First", downgrade=(step("BACK 1"),),
        ),
        remedy(step("FIVE", builds="public.ix", long=True), title="Second", downgrade=(step("BACK 2"),)),
        remedy(step("SIX"), title="Third"),
    )  # fmt: skip
    assert 'revision = "r2"\ndown_revision = "r1"\nbranch_labels = None\ndepends_on = None\n' in text
    assert '\n\nRevision ID: r2\nRevises: r1\n"""\n' in text
    assert text.count("def upgrade") == 1
    start = text.index("def upgrade")
    assert text[start : text.index("# Whoever waits")] == dedent("""\
        def upgrade() -> None:
            with patient_session():
                # First
                run("ONE")
                run("TWO")
                with op.get_context().autocommit_block():
                    run_long("THREE")
                    run("FOUR")
                    create_index("public.ix", "FIVE")
                    run("SIX")


        def downgrade() -> None:
            with patient_session(), op.get_context().autocommit_block():
                run("BACK 2")
                run("BACK 1")


        """)


def test_a_revision_carries_what_it_needs_and_no_more() -> None:
    def functions(*steps: Step) -> set[str]:
        text = revision(remedy(*steps))
        assert ("suppress" in text) == ("create_index" in text)
        return {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}

    least = {"upgrade", "downgrade", "patient_session", "_execute", "run", "_oldest_transactions"}
    assert functions(step("ONE")) == least
    assert functions(step("ONE", long=True)) == least | {"run_long"}
    assert functions(step("ONE", builds="ix")) == least | {"run_long", "create_index", "_drop_invalid"}


def test_where_the_app_has_the_runtime_the_revision_imports_what_it_calls() -> None:
    def imports(*steps: Step) -> list[str]:
        plan = Fix((remedy(*steps),), (), ())
        text = render_revision(
            plan, revision="r2", down_revision="r1", message="m", database="app", taken_at="today", has_runtime=True
        )
        assert [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)] == [
            "upgrade", "downgrade"
        ]  # fmt: skip
        return [line for line in text.splitlines() if line.startswith(("from", "import"))]

    op, module = "from alembic import op", "from pgwright_runtime.migrations import"
    assert imports(step("ONE", outside=False)) == [f"{module} patient_session, run"]
    assert imports(step("ONE", long=True)) == [op, f"{module} patient_session, run_long"]
    assert imports(step("ONE", builds="ix"), step("TWO")) == [op, f"{module} create_index, patient_session, run"]


def test_a_revision_with_nothing_to_undo_passes() -> None:
    assert "def downgrade() -> None:\n    pass\n" in revision(remedy(step("ONE")))
    first = render_revision(
        Fix((), (), ()), revision="r1", down_revision=None, message='a """ and \\', database="app", taken_at="today"
    )
    assert "down_revision = None" in first
    assert "Revision ID: r1\nRevises:\n" in first
    assert (ast.get_docstring(ast.parse(first)) or "").startswith('a """ and \\\n')


def test_only_a_line_too_long_for_any_linter_asks_it_to_look_away() -> None:
    assert not revision(remedy(step("SELECT '" + "x" * 90 + "'"))).startswith("# ruff")
    assert revision(remedy(step("SELECT '" + "x" * 120 + "'"))).startswith("# ruff: noqa: E501\n")


def test_the_script_of_steps_in_and_out_of_a_transaction() -> None:
    plan = Fix(
        (
            remedy(
                step("ONE", outside=False), step("TWO", outside=False), step("THREE", long=True), step("FOUR"),
                title="First", downgrade=(step("BACK"),),
            ),
            remedy(step("FIVE", builds="public.ix", long=True), title="Second"),
        ),
        (),
        (),
    )  # fmt: skip
    text = render_script(plan, message="Fix it", database="app", taken_at="today")
    assert text.startswith("-- Fix it\n--\n-- Written by pgwright for the database 'app' as it was on today.\n")
    assert "\n-- Run it: psql -X -f FILE DSN\n\n\\set ON_ERROR_STOP on\nSET standard_conforming_strings = on;\n" in text
    assert "\nSET statement_timeout = 0;\n" in text
    up, _, down = text[text.index("BEGIN;") :].partition("\n-- Downgrade: to undo it, run the lines below")
    lines = up.splitlines()
    assert lines[:17] == [
        "BEGIN;", "", "-- First", "SET lock_timeout = '2s';", "ONE;", "TWO;", "", "COMMIT;", "",
        "-- First", "SET lock_timeout = '30min';", "THREE;", "SET lock_timeout = '2s';", "FOUR;",
        "", "-- Second", "SET lock_timeout = '30min';",
    ]  # fmt: skip
    assert "to_regclass('public.ix')" in up
    assert lines[-2].endswith(" \\gexec"), "an invalid leftover goes first"
    assert lines[-1] == "FIVE;"
    assert down.splitlines()[1:3] == ["-- \\set ON_ERROR_STOP on", "-- SET standard_conforming_strings = on;"]
    assert down.splitlines()[-4:] == ["--", "-- -- First", "-- SET lock_timeout = '2s';", "-- BACK;"]


def test_the_preface_tells_a_reviewer_all_of_it() -> None:
    living = UniqueAmongLiving(QualifiedName("public", "old"), "old", "CREATE", replace(INDEX, name="uq"))
    convert = ConvertColumns((ColumnConversion(T, "id", "text", "uuid", None, "plain"),), ())
    plan = Fix(
        (
            remedy(
                step("1", lock="ACCESS SHARE"), step("2", lock="ACCESS EXCLUSIVE"), step("3", lock="ACCESS EXCLUSIVE"),
                replace(step("4", lock="SHARE"), tables=("public.p", "app.u")), replace(step("5"), tables=()),
                title="Convert  it", change=convert, is_safe=False, warning="Nobody reads.",
                findings=("text-uuid-key:t (id)", "sequence-near-limit:s"), model_hint="t.id: mapped_column(Uuid)",
                deploy="Deploy the models with it.",
            ),
            remedy(
                step("1", lock="SHARE UPDATE EXCLUSIVE"), title="Build", change=living, warning="The downgrade fails.",
                model_hint='Index("uq")', findings=("text-uuid-key:t (id)",), seconds_estimate=None,
                gain=Gain(Worth(120_000.0, 9.0, 0.1, 86_400.0)),
            ),
        ),
        ("deep-offset:q",),
        (NotExamined("unused-index:ix", "it enforces", ""),),
        (NotExamined("missing-index", "no workload"),),
        (Later("Create it", ("missing-index:a",), "beyond the top", Gain(), "pgwright fix --only missing-index:a"),),
    )  # fmt: skip
    text = preface(plan, message=" Fix \n it ", database="app", taken_at="today")
    assert text == dedent("""\
        Fix it

        Written by pgwright for the database 'app' as it was on today.

          1. Convert it
             answers text-uuid-key:t (id), sequence-near-limit:s
             ACCESS SHARE, then ACCESS EXCLUSIVE on t; SHARE on app.u, p; about 3 s
          2. Build
             answers text-uuid-key:t (id)
             saves 2 min a day (estimated)
             SHARE UPDATE EXCLUSIVE on t; of unknown duration

        SHARE: blocks writes, here for a moment.
        ACCESS EXCLUSIVE: blocks reads and writes; for a moment where the step is not named as
        unsafe below.
        Times are estimated from table sizes: index builds as on an idle server with the table
        in memory, rewrites at 25 MB/s; a slow disk takes several times as long, and waiting for
        locks comes on top.

        UNSAFE ON A BUSY TABLE:

          - Step 1: Nobody reads.

        Deploy:

          - Step 1: Deploy the models with it.

        Mind:

          - Step 2: The downgrade fails.

        Change the models too, so that `alembic check` stays clean:

            t.id: mapped_column(Uuid)
            t: Index("uq")

        Not written:

          - unused-index:ix: it enforces

        Left for later, as pgwright fix tells: 1 finding.
        Not examined, so without findings (how to, by pgwright check): missing-index.
        Left to you: deep-offset:q.""")
    short = preface(plan, message="Fix it", database="app", taken_at="today", with_models=False)
    assert "Change the models too" not in short
    assert "mapped_column" not in short


def test_where_nobody_is_blocked_the_preface_says_so_in_one_line() -> None:
    build = step("1", lock="SHARE UPDATE EXCLUSIVE")
    told = preface(Fix((remedy(build), remedy(build)), (), ()), message="m", database="app", taken_at="today")
    assert "\n\nReads and writes go on meanwhile.\nTimes are estimated from table sizes," in told
    assert told.count("SHARE UPDATE EXCLUSIVE") == 2


def test_what_was_measured_stands_beside_the_estimate() -> None:
    gains = (MeasuredGain(1, 96.0, 0.12), MeasuredGain(2, 3.0, 1.5))
    told = preface(Fix((remedy(step("1"), measured=gains),), (), ()), message="m", database="app", taken_at="today")
    assert "measured: 96 ms → 0.12 ms a call, 800 times faster; 3.0 ms → 1.5 ms a call, 2.0\n" in told


def test_a_preface_of_nothing_says_so_in_two_lines() -> None:
    text = preface(Fix((), (), ()), message=" ", database="app", taken_at="today")
    written = "Written by pgwright for the database 'app' as it was on today."
    assert text == f"Answer the findings of pgwright.\n\n{written}"


def test_a_long_call_is_broken_between_its_arguments_only() -> None:
    line = '    t: Index("' + "x" * 70 + '", "a, b", text("f(a, b)"), [1, 2], "say \\", twice")'
    assert broken(line) == [
        "    t: Index(",
        '        "' + "x" * 70 + '",',
        '        "a, b",',
        '        text("f(a, b)"),',
        "        [1, 2],",
        '        "say \\", twice",',
        "    )",
    ]
    assert broken(line[:-1]) == [line[:-1]]
    assert broken("f(" + "x" * 85 + ")") == ["f(" + "x" * 85 + ")"]
    assert broken("f(" + "x" * 86 + ")") == ["f(", "    " + "x" * 86 + ",", ")"]


@pytest.mark.parametrize(
    ("definition", "hint"),
    [
        (INDEX, 'Index("ix_t_a", "a")'),
        (replace(INDEX, is_unique=True, nulls_not_distinct=True), (
            'Index("ix_t_a", "a", unique=True, postgresql_nulls_not_distinct=True)'
        )),
        (replace(INDEX, method="gin", include=("b", "ä")), (
            'Index("ix_t_a", "a", postgresql_using="gin", postgresql_include=["b", "ä"])'
        )),
        (replace(INDEX, parameters=("fillfactor=70", "x=a=b")), (
            'Index("ix_t_a", "a", postgresql_with={"fillfactor": "70", "x": "a=b"})'
        )),
        (replace(INDEX, keys=(IndexKey("a", operator_class="o"), IndexKey("b", None, True, operator_class="p"))), (
            'Index("ix_t_a", "a", text("b p DESC"), postgresql_ops={"a": "o"})'
        )),
        (replace(INDEX, keys=(IndexKey("a", nulls_first=True), IndexKey("b", collation='"C"'))), (
            """Index("ix_t_a", text("a NULLS FIRST"), "b", postgresql_ops={"b": 'COLLATE "C"'})"""
        )),
        (replace(INDEX, keys=(IndexKey(None, "f(c)"),)), 'Index("ix_t_a", text("f(c)"))'),
        (replace(INDEX, predicate="a = ':x' AND b::text = 'y:1'"), (
            "Index(\"ix_t_a\", \"a\", postgresql_where=text(\"a = '\\\\:x' AND b::text = 'y:1'\"))"
        )),
    ],
)  # fmt: skip
def test_hints_for_the_models(definition: IndexDefinition, hint: str) -> None:
    assert str(index_call(definition)) == hint


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE INDEX ix ON t (a)", "CREATE INDEX ix\nON t (a)"),
        ("CREATE INDEX ix ON t (a) WHERE b IS NULL", "CREATE INDEX ix\nON t (a)\nWHERE b IS NULL"),
        ("CREATE INDEX ix ON t (\" WHERE \") WHERE a", "CREATE INDEX ix\nON t (\" WHERE \") WHERE a"),
        ("CREATE INDEX ix ON t ((a || ' WHERE ')) WHERE a", "CREATE INDEX ix\nON t ((a || ' WHERE ')) WHERE a"),
        ("CREATE INDEX other ON t (a)", "CREATE INDEX other ON t (a)"),
    ],
)  # fmt: skip
def test_on_and_where_stand_on_lines_of_their_own(sql: str, expected: str) -> None:
    assert on_lines(sql, "ix") == expected


def test_a_step_that_creates_an_index_is_named_by_it() -> None:
    text = revision(remedy(step("X" * 60, builds="public.ix"), title="Create", change=CreateIndex(INDEX)))
    assert '        create_index(\n            "public.ix",\n' in text
