"""What is taken out of the models when an index goes: all that declares it, or nothing and the reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pgwright.code import patch_models
from pgwright.model.change import Change, DropIndex
from pgwright.model.names import QualifiedName
from pgwright.model.patch import ModelPatch

BASE = """\
from sqlalchemy import Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column


class Base(DeclarativeBase):
    pass

"""
NAMED_BY_CLASS = """\
import re

from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from .names import TO_SNAKE


class Base(DeclarativeBase):
    @declared_attr.directive
    def __tablename__(cls):
        return TO_SNAKE.sub("_", cls.__name__).lower()

    id: Mapped[int] = mapped_column(primary_key=True)
    updated: Mapped[int] = mapped_column(index=True)


"""


def patch(folder: Path, text: str, changes: Iterable[Change]) -> ModelPatch:
    (folder / "models.py").write_text(text)
    return patch_models(folder, list(changes))


def drop(name: str, table: str, column: str) -> DropIndex:
    sql = f"CREATE INDEX {name} ON public.{table} USING btree ({column})"
    return DropIndex(QualifiedName("public", name), QualifiedName("public", table), sql, 8192)


def test_an_index_that_is_said_twice_goes_in_both_places(tmp_path: Path) -> None:
    text = f"""{BASE}
class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String, index=True)

    def __init__(self):
        arguments = [Index("ix_note_owner", "owner"), Index("ix_note_other", "id")]
"""
    after = patch(tmp_path, text, [drop("ix_note_owner", "note", "owner")]).edits[0].after
    assert "owner: Mapped[str] = mapped_column(String)\n" in after
    assert 'arguments = [Index("ix_note_other", "id")]' in after


def test_what_methods_make_of_an_index_goes_with_it(tmp_path: Path) -> None:
    text = f"""{BASE}
class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    __table_args__ = (
        Index("ix_owner", "owner").ddl_if(
            dialect="postgresql"
        ),
        Index("ix_id", "id"),
    )
"""
    after = patch(tmp_path, text, [drop("ix_owner", "note", "owner")]).edits[0].after
    assert after.endswith('    __table_args__ = (\n        Index("ix_id", "id"),\n    )\n')


def test_a_base_loses_its_index_where_all_tables_lose_it_though_their_names_are_computed(tmp_path: Path) -> None:
    text = f"{NAMED_BY_CLASS}class FlowRun(Base):\n    a: Mapped[int]\n\n\nclass Worker(Base):\n    b: Mapped[int]\n"
    drops = [drop(f"ix_{table}_updated", table, "updated") for table in ("flow_run", "worker")]
    both = patch(tmp_path, text, drops)
    assert "updated: Mapped[int]\n" in both.edits[0].after
    assert not both.by_hand
    one = patch(tmp_path, text, drops[:1])
    assert not one.edits
    assert one.by_hand[0].reason == "the column is declared for Worker too, which keep theirs"


def test_a_reason_names_few_of_the_tables_that_share_a_column(tmp_path: Path) -> None:
    classes = "".join(f"class Note{letter}(Base):\n    a: Mapped[int]\n\n\n" for letter in "ABCDEF")
    made = patch(tmp_path, NAMED_BY_CLASS + classes, [drop("ix_note_a_updated", "note_a", "updated")])
    assert "NoteB, NoteC, NoteD and 2 more tables too" in made.by_hand[0].reason


def test_a_table_of_the_tests_keeps_no_index_of_the_app(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_base.py").write_text(
        "from sqlalchemy.orm import Mapped\nfrom models import Base\n\n\nclass Fake(Base):\n    c: Mapped[int]\n"
    )
    text = f"{NAMED_BY_CLASS}class Worker(Base):\n    b: Mapped[int]\n"
    assert not patch(tmp_path, text, [drop("ix_worker_updated", "worker", "updated")]).by_hand


def test_an_index_of_a_base_outside_of_the_app_is_left_to_a_person(tmp_path: Path) -> None:
    text = f"from users import UserTable\n{BASE}\nclass User(UserTable, Base):\n    pass\n"
    made = patch(tmp_path, text, [drop("ix_user_email", "user", "email")])
    assert made.by_hand[0].reason == "no class of the app declares the column email: a base of it may, and its index"


def test_an_index_that_a_function_may_make_for_any_table_is_left_to_a_person(tmp_path: Path) -> None:
    text = f"""{BASE}
class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[str]


def add_index(column):
    Index("_".join((column.table.name, column.name, "idx")), column, postgresql_using="gin")
"""
    made = patch(tmp_path, text, [drop("note_words_idx", "note", "words")])
    assert made.by_hand[0].reason == "line 16 of models.py computes the name of an index, and may make it"
