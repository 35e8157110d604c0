"""The app's Alembic directory: found, its head known, a revision written into it as the app names its own."""

from __future__ import annotations

import ast
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pgwright.errors import MigrationError
from pgwright.migrations import AlembicDirectory, open_directory
from pgwright.migrations.revision_file import read_ids
from pgwright.model.fix import Fix
from pgwright.model.revision_text import RevisionText
from pgwright.remedies import revision_text
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

PARTS = RevisionText(
    "Index \\\\u202e",
    "import random\n\nfrom alembic import op",
    '    with x:\n        op.execute("1")',
    "    pass",
    "X = 1",
)
INI = "[alembic]\nscript_location = {location}\npath_separator = os\n"


def text(revision: str, down: str | None) -> str:
    return f'revision = "{revision}"\ndown_revision = {down!r}\ndef upgrade(): pass\ndef downgrade(): pass\n'


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI.format(location="migrations"))
    return tmp_path


def add(app: Path, revision: str, down: str | None = None, folder: str = "migrations/versions") -> None:
    (app / folder).mkdir(parents=True, exist_ok=True)
    (app / folder / f"{revision}.py").write_text(text(revision, down))


@pytest.mark.parametrize("path", ["alembic.ini", "."])
def test_found_from_any_folder_and_the_current_one_stays(app: Path, path: str) -> None:
    add(app, "a1")
    here = os.getcwd()
    directory = open_directory(app / path)
    assert directory.head == "a1"
    assert os.getcwd() == here
    assert str(directory.write("Second", text)).startswith(str(app / "migrations" / "versions"))


def test_found_in_pyproject(app: Path) -> None:
    (app / "alembic.ini").unlink()
    (app / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    add(app, "a1")
    assert open_directory(app).head == "a1"
    assert open_directory(app / "pyproject.toml").head == "a1"


def test_revisions_are_read_and_not_run(app: Path) -> None:
    path = list(sys.path)
    (app / "alembic.ini").write_text(INI.format(location="migrations") + "prepend_sys_path = .\n")
    (app / "migrations" / "versions" / "a1.py").write_text("import no_such_module\n1 / 0\n" + text("a1", None))
    directory = open_directory(app)
    assert directory.head == "a1"
    assert sys.path == path
    assert directory.imports_from == (str(app),)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('revision: str = "a1"\ndown_revision: str | None = None\n', ("a1", (), (), ())),
        ("revision = 'a1'\ndown_revision = ('b1', 'b2')\nbranch_labels = ['x']\ndepends_on = {'c1'}\n",
         ("a1", ("b1", "b2"), ("x",), ("c1",))),
        ("revision, down_revision = 'a1', 'b1'\n", ("a1", ("b1",), (), ())),
        ("revision = down_revision = None\nrevision = 'a1'\n", ("a1", (), (), ())),
        ("BASE = 'b1'\nrevision = 'a1'\ndown_revision = BASE\nother = f()\n", ("a1", ("b1",), (), ())),
        ("if True:\n    revision = 'a' '1'\ndef upgrade():\n    revision = 'no'\n", ("a1", (), (), ())),
        ("# -*- coding: latin-1 -*-\n# \xfc\nrevision = 'a1'\n", ("a1", (), (), ())),
    ],
)  # fmt: skip
def test_every_way_to_write_the_ids(tmp_path: Path, source: str, expected: tuple[object, ...]) -> None:
    (tmp_path / "r.py").write_bytes(source.encode("latin-1"))
    found = read_ids(tmp_path / "r.py")
    assert (found.revision, found.down_revision, found.branch_labels, found.depends_on) == expected


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("r.py", "revision = make_id()\n", r"r\.py', line 1: revision is computed.*Write it as a text"),
        ("r.py", "revision = 'a1'\ndown_revision = x + 'b'\n", "line 2: down_revision is computed"),
        ("r.py", "x = 1\n", "has no revision id. Write it"),
        ("r.py", "revision = 7\n", "has no revision id"),
        ("r.py", "revision = 'a1'\ndown_revision = 7\n", "down_revision is 7"),
        ("r.py", "revision = \n", "is no Python"),
        ("r.py", "revision = 'a\0'\n", "is no Python"),
    ],
)
def test_ids_that_cannot_be_read_are_told_with_the_remedy(tmp_path: Path, name: str, source: str, said: str) -> None:
    (tmp_path / name).write_text(source)
    with pytest.raises(MigrationError, match=said):
        read_ids(tmp_path / name)


def test_an_id_in_the_name_of_the_file_counts(tmp_path: Path) -> None:
    (tmp_path / "abc123.py").write_text("down_revision = None\n")
    assert read_ids(tmp_path / "abc123.py").revision == "abc123"


def test_a_merge_has_one_head(app: Path) -> None:
    add(app, "a1")
    add(app, "b1")
    (app / "migrations/versions/m1.py").write_text("revision = 'm1'\ndown_revision = ('a1', 'b1')\n")
    assert open_directory(app).head == "m1"


def test_a_relative_location_is_one_of_the_working_directory(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for `alembic -c backend/alembic.ini` that runs above the backend."""
    (app / "backend").mkdir()
    (app / "backend" / "alembic.ini").write_text(INI.format(location="migrations"))
    (app / "backend" / "migrations" / "versions").mkdir(parents=True)
    add(app, "here")
    add(app, "there", folder="backend/migrations/versions")
    monkeypatch.chdir(app)
    assert open_directory(app / "backend").head == "here"
    monkeypatch.chdir(app / "backend")
    assert open_directory(app / "backend").head == "there"
    monkeypatch.chdir("/")
    assert open_directory(app / "backend").head == "there", "alembic would find nothing, so it runs from there"


def test_a_location_in_a_package_is_found_without_importing_it(app: Path) -> None:
    (app / "alembic.ini").write_text(INI.format(location="shop.db:migrations") + f"prepend_sys_path = {app}\n")
    (app / "shop" / "db").mkdir(parents=True)
    (app / "shop" / "__init__.py").write_text("1 / 0")
    add(app, "a1", folder="shop/db/migrations/versions")
    assert open_directory(app).head == "a1"


def test_a_revision_takes_the_form_of_the_apps_template(app: Path) -> None:
    (app / "migrations" / "script.py.mako").write_text(
        '# Copyright of the app\n"""${message}\n\nRevision: ${up_revision}, after '
        "${down_revision | comma,n}, ${create_date}"
        '\n"""\nfrom alembic import op\nimport sqlmodel\n${imports if imports else \'\'}\n\n'
        "revision: str = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n\n\n"
        "def upgrade() -> None:\n    ${upgrades if upgrades else 'pass'}\n\n\n"
        'def downgrade() -> None:\n    """Back."""\n    ${downgrades if downgrades else \'pass\'}\n'
    )
    add(app, "a1")
    made = open_directory(app).in_template(PARTS, "r1", "a1")
    assert made.startswith('# Copyright of the app\n"""Index \\\\u202e\n\nRevision: r1, after a1, 20')
    assert "import sqlmodel\nimport random\n\nrevision: str = 'r1'" in made
    assert made.count("from alembic import op") == 1
    assert 'def upgrade() -> None:\n    with x:\n        op.execute("1")\n' in made
    assert '    """Back."""\n    pass\n' in made
    assert made.endswith("\n\n\nX = 1\n")


_REST = (
    "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
    "def upgrade():\n    ${upgrades}\ndef downgrade():\n    ${downgrades}\n"
)


@pytest.mark.parametrize("opening", ['"""', "'''", 'r"""', "r'''"])
def test_a_name_cannot_end_the_docstring_of_a_template(app: Path, opening: str) -> None:
    code = "__import__('os').system('false');"
    end = opening.removeprefix("r")
    (app / "migrations" / "script.py.mako").write_text(f"{opening}${{message}}\n{end}\n{_REST}")
    add(app, "a1")
    fix = Fix((), refused=(), by_hand=(f"x:{end};{code}{end}", f"y:\\{end};{code}{end}"))
    parts = revision_text(fix, message="Fix it", database="app", taken_at="now")
    tree = ast.parse(open_directory(app).in_template(replace(PARTS, docstring=parts.docstring), "r1", "a1"))
    assert (ast.get_docstring(tree) or "").count("system") == 2
    assert not any(isinstance(node, ast.Name) and node.id == "__import__" for node in ast.walk(tree))


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("# ${message}\n", "Fix it\nimport antigravity"),
        ("'''${message}'''\n", "''';import antigravity;'''"),
        ("f'''${message}'''\n", "{__import__('antigravity')}"),
        ("x = [1]\n${message}\n", "x = [2]"),
    ],
)
def test_a_template_whose_statements_hang_on_names_is_refused(app: Path, template: str, names: str) -> None:
    (app / "migrations" / "script.py.mako").write_text(template + _REST)
    add(app, "a1")
    with pytest.raises(MigrationError, match=r"runs other statements|no Python"):
        open_directory(app).in_template(replace(PARTS, docstring=names), "r1", "a1")


def test_statements_of_the_fix_run_in_their_functions_alone(app: Path) -> None:
    (app / "migrations" / "script.py.mako").write_text(f"{_REST}if True:\n    ${{upgrades}}\n")
    add(app, "a1")
    with pytest.raises(MigrationError, match="runs other statements"):
        open_directory(app).in_template(PARTS, "r1", "a1")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (None, "script.py.mako cannot be followed"),
        ("revision = ${repr(up_revision)}\n", "other revision ids"),
        ("revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n", "no upgrade"),
        ("# ${message}\nx =\n", "no Python"),
        ("${nonsense()}\n", "cannot be followed"),
    ],
)
def test_a_template_that_does_not_fit_is_told(app: Path, template: str | None, said: str) -> None:
    if template is not None:
        (app / "migrations" / "script.py.mako").write_text(template)
    add(app, "a1")
    with pytest.raises(MigrationError, match=said):
        open_directory(app).in_template(PARTS, "r1", "a1")


def test_the_next_one_that_is_written_follows_the_last(app: Path) -> None:
    add(app, "a1")
    directory = open_directory(app)
    for revision in ("r1", "r2"):
        directory.write("x", text, revision=revision)
    assert [read_ids(app / f"migrations/versions/{name}_x.py").down_revision for name in ("r1", "r2")] == [
        ("a1",),
        ("r1",),
    ]
    assert directory.head == "r2"


@pytest.mark.parametrize("settings", [None, "[alembic]\n", "[alembic]\nscript_location = nowhere\n", "nonsense"])
def test_nothing_to_open_is_told(tmp_path: Path, settings: str | None) -> None:
    if settings is not None:
        (tmp_path / "alembic.ini").write_text(settings)
    with pytest.raises(MigrationError, match=str(tmp_path)):
        open_directory(tmp_path)


def test_several_heads_are_told(app: Path) -> None:
    add(app, "a1")
    add(app, "b1")
    with pytest.raises(MigrationError, match=r"2 heads: a1, b1.*alembic merge"):
        open_directory(app).write("x", text)


def test_the_first_revision_of_an_empty_directory(app: Path) -> None:
    (app / "migrations" / "versions").rmdir()
    path = open_directory(app).write("First of all", text, revision="r1")
    assert path == app / "migrations" / "versions" / "r1_first_of_all.py"
    assert "down_revision = None" in path.read_text()
    assert open_directory(app).head == "r1"


def test_the_file_is_named_and_placed_as_the_apps_own(app: Path) -> None:
    locations = os.pathsep.join(["%(here)s/one", "%(here)s/two"])
    (app / "alembic.ini").write_text(
        INI.format(location="migrations")
        + f"version_locations = {locations}\nfile_template = %%(year)d_%%(rev)s-%%(slug)s\ntruncate_slug_length = 12\n"
        + "timezone = UTC\n"
    )
    add(app, "a1", None, "one")
    add(app, "a2", "a1", "two")
    path = open_directory(app).write("Index the keys", text, revision="r3")
    assert path.parent == app / "two"
    assert path.name.endswith("_r3-index_the_.py")
    assert open_directory(app).head == "r3"


def test_the_id_is_a_hash_of_the_text(app: Path) -> None:
    first = open_directory(app).write("x", text)
    first.unlink()
    assert open_directory(app).write("x", text) == first


def test_an_id_with_hidden_characters_is_refused(app: Path) -> None:
    with pytest.raises(MigrationError, match="holds hidden characters"):
        open_directory(app).write("x", text, revision="r\u202e1")
    assert list((app / "migrations" / "versions").iterdir()) == []


def test_nothing_is_overwritten(app: Path) -> None:
    early = open_directory(app)
    path = open_directory(app).write("x", text, revision="r1")
    with pytest.raises(MigrationError, match="exists"):
        early.write("x", text, revision="r1")  # the directory was opened before the file was there
    with pytest.raises(MigrationError, match="exists"):
        open_directory(app).write("y", text, revision="r1")
    assert [each.name for each in path.parent.glob("[!_]*")] == [path.name]


def test_a_database_that_is_not_at_the_head_is_told(app: Path, database: Database) -> None:
    add(app, "a1")
    directory: AlembicDirectory = open_directory(app)
    snapshot = read_snapshot(database.dsn)
    with pytest.raises(MigrationError, match=r"is at no revision, the head of .* is a1.*alembic upgrade head"):
        directory.require_current(snapshot)
    directory.require_current(replace(snapshot, server=replace(snapshot.server, alembic_revisions=("a1",))))


def test_of_several_heads_the_named_branch_is_followed_in_its_own_folder(app: Path) -> None:
    (app / "alembic.ini").write_text(
        INI.format(location="migrations") + "version_locations = %(here)s/migrations/versions:%(here)s/billing\n"
    )
    add(app, "a1")
    add(app, "b1", folder="billing")
    labelled = app / "billing" / "b1.py"
    labelled.write_text(labelled.read_text() + "branch_labels = 'billing'\n")
    with pytest.raises(MigrationError, match=r"2 heads: a1, b1.*name a branch: --head billing"):
        _ = open_directory(app).head
    for name in ("billing", "billing@head", "b1"):
        assert open_directory(app, head=name).head == "b1"
    directory = open_directory(app, head="billing")
    assert directory.write("More", text).parent == app / "billing"
    assert open_directory(app, head="billing").head == directory.head != "b1"
    with pytest.raises(MigrationError, match=r"has no head 'shipping'"):
        _ = open_directory(app, head="shipping").head
    with pytest.raises(MigrationError, match=r"'billing@base' is no head of"):
        _ = open_directory(app, head="billing@base").head


def test_a_database_with_several_branches_has_to_be_at_the_named_head(app: Path, database: Database) -> None:
    add(app, "a1")
    add(app, "b1")
    database.execute(
        "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('a0'), ('b1')"
    )
    snapshot = read_snapshot(database.dsn)
    open_directory(app, head="b1").require_current(snapshot)
    with pytest.raises(MigrationError, match=r"is at a0, b1"):
        open_directory(app, head="a1").require_current(snapshot)
