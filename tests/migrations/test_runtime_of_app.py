"""Whether an app has the runtime, from its files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.migrations import has_runtime, open_directory


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app without it, whose Alembic directory is one level down."""
    folder = tmp_path / "app" / "database"
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\n")
    (folder / "migrations" / "env.py").write_text("import alembic\n")
    (tmp_path / "app" / "pyproject.toml").write_text("[project]\nname = 'shop'\ndependencies = ['sqlalchemy']\n")
    return tmp_path / "app"


def found(app: Path) -> bool:
    return has_runtime(open_directory(app / "database"))


def test_an_app_that_never_names_it_has_none(app: Path) -> None:
    assert not found(app)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project]\ndependencies = ['pgwright_runtime[alembic] >= 0.2']\n"),
        ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.11'\npgwright-runtime = '*'\n"),
        ("requirements.txt", "sqlalchemy\nPGwright.Runtime==0.2  # engines\n"),
        ("requirements/production.txt", "pgwright-runtime\n"),
        ("uv.lock", "[[package]]\nname = 'pgwright-runtime'\nversion = '0.2'\n"),
        ("shop/engine.py", "from pgwright_runtime import create_engine\n"),
        ("database/migrations/env.py", "import pgwright_runtime.tenancy.alembic\n"),
        ("database/migrations/versions/r1.py", "from pgwright_runtime.migrations import run\nrevision = 'r1'\n"),
    ],
)
def test_it_is_found_where_the_app_names_or_imports_it(app: Path, name: str, text: str) -> None:
    (app / name).parent.mkdir(exist_ok=True)
    (app / name).write_text(text)
    assert found(app)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[dependency-groups]\ndev = ['pgwright-runtime']\n"),
        ("pyproject.toml", "[project]\ndependencies = ['pgwright-runtime-other']\n"),
        ("pyproject.toml", "no TOML [\n"),
        ("requirements-dev.txt", "pgwright-runtime\n"),
        ("requirements.txt", "# pgwright-runtime\n"),
        ("uv.lock", "[[package]]\nname = 'pgwright'\n\n[[package]]\nname = 'pgwright-runtime'\n"),
        ("shop/engine.py", "# from pgwright_runtime import create_engine\nNAME = 'pgwright_runtime'\n"),
        ("shop/broken.py", "from pgwright_runtime import (\n"),
        ("tests/test_engine.py", "import pgwright_runtime\n"),
        (".venv/lib/engine.py", "import pgwright_runtime\n"),
    ],
)
def test_what_only_developers_have_does_not_count(app: Path, name: str, text: str) -> None:
    (app / name).parent.mkdir(parents=True, exist_ok=True)
    (app / name).write_text(text)
    assert not found(app)


def test_what_a_repository_has_two_levels_up_is_not_the_apps(app: Path) -> None:
    (app / "pyproject.toml").unlink()
    (app.parent / "pyproject.toml").write_text("[project]\ndependencies = ['pgwright-runtime']\n")
    assert not found(app)


def test_an_environment_inside_the_app_is_not_its_source(app: Path) -> None:
    (app / "env" / "lib").mkdir(parents=True)
    (app / "env" / "pyvenv.cfg").write_text("")
    (app / "env" / "lib" / "x.py").write_text("import pgwright_runtime\n")
    assert not found(app)
