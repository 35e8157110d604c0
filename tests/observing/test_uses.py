"""What models, workload and views still name of what the revisions take away."""

from __future__ import annotations

from pathlib import Path

from pgwright.embedded import EmbeddedServer
from pgwright.migrations import open_directory
from pgwright.observing import LintOrder, observe
from pgwright.snapshot import read_snapshot
from tests.observing.test_start import write_chain
from tests.support.database import Database

_MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase): ...

class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    body: Mapped[str]
"""


def test_a_column_that_models_statements_and_views_name_is_told(
    database: Database, twin_server: EmbeddedServer, tmp_path: Path
) -> None:
    database.execute(
        "CREATE TABLE note (id int PRIMARY KEY, title text, body text, old text);"
        "CREATE VIEW titles AS SELECT id, title FROM note"
    )
    for _ in range(3):
        database.execute("SELECT id, title FROM note WHERE id = 1")
    env = "from shop_models import Base\ntarget_metadata = Base.metadata\n"
    body = 'op.execute("ALTER TABLE note DROP title CASCADE")\nop.drop_column("note", "old")'
    write_chain(tmp_path, body, env=env, shop_models=_MODELS)
    pending = observe(LintOrder(open_directory(tmp_path), read_snapshot(database.dsn)), running=twin_server)
    found = {(one.table, one.column, one.kind) for one in pending.uses}
    assert found == {("note", "title", "model"), ("note", "title", "workload"), ("note", "title", "view")}
    (model,) = [one for one in pending.uses if one.kind == "model"]
    assert model.where.endswith("shop_models.py:9")
