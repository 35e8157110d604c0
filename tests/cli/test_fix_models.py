"""`pgwright fix` and the app's models: shown, written, checked by Alembic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from tests.cli.conftest import Run
from tests.support.database import Database

MODELS = """\
from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, MetaData, Text
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    metadata = MetaData(CONVENTION)


class User(Base):
    __tablename__ = "users"
    id = Column(BigInteger, primary_key=True, autoincrement=False)
    email = Column(Text, nullable=False)


class Order(Base):
    __tablename__ = "orders"

    id = Column(BigInteger, primary_key=True, autoincrement=False)
    user_id = Column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False)
    placed_at = Column(DateTime(timezone=True), nullable=False)  # when the cart was paid
    note = Column(Text, nullable=False)
"""
ENV = """\
from alembic import context
from sqlalchemy import create_engine

from MODULE import Base

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""


@pytest.fixture
def models(alembic: Path, request: pytest.FixtureRequest) -> Path:
    """The shop's models, which its env.py names; each test imports a module of its own."""
    name = f"shop_models_{abs(hash(request.node.name))}"
    folder = alembic.parent
    (folder / "migrations" / "env.py").write_text(ENV.replace("MODULE", name))
    alembic.write_text(alembic.read_text() + "prepend_sys_path = .\n")
    path = folder / f"{name}.py"
    path.write_text(MODELS.replace("CONVENTION", ""))
    return path


def test_models_are_shown_and_stay_as_they_are(run: Run, shop: Database, models: Path) -> None:
    before = models.read_text()
    result = run("fix", shop.dsn)
    assert result.exit_code == 0, result.output
    assert '+    __table_args__ = (Index("ix_orders_user_id_placed_at", "user_id", "placed_at"),)' in result.stdout
    assert "The models are as they were: --write edits them" in result.stderr
    assert models.read_text() == before


def test_with_write_alembic_check_is_clean_after_the_upgrade(
    run: Run, shop: Database, models: Path, alembic: Path
) -> None:
    result = run("fix", shop.dsn, "--write", "--rev-id", "two")
    assert result.exit_code == 0, result.output
    assert "The models import with these edits, and declare what the fix does." in result.stdout
    assert f"edited {models.name}: +2 −1 lines" in result.stderr
    (revision,) = (alembic.parent / "migrations" / "versions").glob("two_*.py")
    assert "Change the models too" not in revision.read_text()
    config = Config(str(alembic))
    config.set_main_option("sqlalchemy.url", shop.url("psycopg").replace("%", "%%"))
    command.upgrade(config, "head")
    command.check(config)
    assert "nothing to write" in run("fix", shop.dsn, "--write").stderr


def test_a_naming_convention_names_the_index_in_revision_and_models(
    run: Run, shop: Database, models: Path, alembic: Path
) -> None:
    convention = 'naming_convention={"ix": "idx_%(table_name)s_%(column_0_N_name)s"}'
    models.write_text(MODELS.replace("CONVENTION", convention))
    assert run("fix", shop.dsn, "--write", "--rev-id", "two").exit_code == 0
    (revision,) = (alembic.parent / "migrations" / "versions").glob("two_*.py")
    assert "INDEX CONCURRENTLY IF NOT EXISTS idx_orders_user_id_placed_at" in revision.read_text()
    assert 'Index("idx_orders_user_id_placed_at", "user_id", "placed_at")' in models.read_text()


def test_models_are_named_where_no_env_py_tells(run: Run, shop: Database, models: Path, tmp_path: Path) -> None:
    refused = run("fix", shop.dsn, "--sql", tmp_path / "fix.sql", "--write")
    assert refused.exit_code == 2
    assert "name them, as in --models shop.models:Base" in refused.stderr
    written = run("fix", shop.dsn, "--sql", tmp_path / "fix.sql", "--write", "--models", f"{models.stem}:Base")
    assert written.exit_code == 0, written.output
    assert "Index(" in models.read_text()


def test_models_that_cannot_be_imported_here_are_edited_and_not_verified(
    run: Run, shop: Database, models: Path
) -> None:
    models.write_text("import a_package_of_the_app\n" + models.read_text())
    result = run("fix", shop.dsn, "--write")
    assert result.exit_code == 0, result.output
    assert "No module named 'a_package_of_the_app'" in " ".join(result.stdout.split())
    assert "Index(" in models.read_text()


def test_no_models_leaves_them_to_the_docstring(run: Run, shop: Database, models: Path, alembic: Path) -> None:
    result = run("fix", shop.dsn, "--no-models", "--rev-id", "two")
    assert "In the models" not in result.stdout
    (revision,) = (alembic.parent / "migrations" / "versions").glob("two_*.py")
    assert "Change the models too" in revision.read_text()


def test_json_tells_the_diff_and_what_was_verified(run: Run, shop: Database, models: Path) -> None:
    told = json.loads(run("fix", shop.dsn, "--write", "--format", "json").stdout)["models"]
    (edit,) = told["edits"]
    assert edit["path"] == str(models)
    assert '+    __table_args__ = (Index("ix_orders_user_id_placed_at"' in edit["diff"]
    assert told["verified"]["is_compared"]
    assert told["verified"]["problems"] == []
