"""Edits look as the team's formatter would leave them, and names as the module says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.code import patch_models
from pgwright.model.change import Change, CreateIndex, DropIndex
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName

NOTE = QualifiedName("public", "note")
HEAD = """\
from sqlalchemy import Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
"""
# So many columns say `index=True` that new indexes do, too.
HABIT = "".join(f"    {letter}: Mapped[str] = mapped_column(String, index=True)\n" for letter in "abc")


def make(name: str, *columns: str, predicate: str | None = None) -> CreateIndex:
    return CreateIndex(IndexDefinition(name, NOTE, tuple(map(IndexKey, columns)), predicate=predicate))


def drop(name: str, column: str) -> DropIndex:
    sql = f"CREATE INDEX {name} ON public.note USING btree ({column})"
    return DropIndex(QualifiedName("public", name), NOTE, sql, 8192)


def patched(folder: Path, text: str, *changes: Change) -> str:
    (folder / "models.py").write_text(text)
    (edit,) = patch_models(folder, changes).edits
    return edit.after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '    owner: Mapped[str] = mapped_column(String(100), server_default="a long one")\n',
            (
                "    owner: Mapped[str] = mapped_column(\n"
                '        String(100), server_default="a long one", index=True\n'
                "    )\n"
            ),
        ),
        (
            (
                "    owner: Mapped[str] = mapped_column(\n"
                '        String(100), nullable=False, server_default="another long one"\n'
                "    )\n"
            ),
            (
                "    owner: Mapped[str] = mapped_column(\n"
                '        String(100), nullable=False, server_default="another long one", index=True\n'
                "    )\n"
            ),
        ),
        (
            (
                "    owner: Mapped[str] = mapped_column(\n"
                '        String(100), nullable=False, server_default="one that fills all its line"\n'
                "    )\n"
            ),
            (
                "    owner: Mapped[str] = mapped_column(\n"
                "        String(100),\n"
                "        nullable=False,\n"
                '        server_default="one that fills all its line",\n'
                "        index=True,\n"
                "    )\n"
            ),
        ),
        (
            "    owner: Mapped[str] = mapped_column(\n        String(100),\n        nullable=False,\n    )\n",
            (
                "    owner: Mapped[str] = mapped_column(\n        String(100),\n        nullable=False,\n"
                "        index=True,\n    )\n"
            ),
        ),
    ],
)
def test_a_call_with_one_more_argument_is_set_as_black_sets_it(tmp_path: Path, before: str, after: str) -> None:
    assert after in patched(tmp_path, HEAD + HABIT + before, make("ix_note_owner", "owner"))


def test_a_call_with_less_goes_back_to_one_line(tmp_path: Path) -> None:
    before = (
        "    owner: Mapped[str] = mapped_column(\n"
        '        String, index=True, nullable=False, server_default="no"\n    )\n'
    )
    after = patched(tmp_path, HEAD + HABIT + before, drop("ix_note_owner", "owner"))
    assert '    owner: Mapped[str] = mapped_column(String, nullable=False, server_default="no")' in after


def test_a_call_that_says_nothing_any_more_goes_while_its_import_is_used(tmp_path: Path) -> None:
    lone = "    owner: Mapped[str] = mapped_column(index=True)\n"
    assert "    owner: Mapped[str]\n" in patched(tmp_path, HEAD + HABIT + lone, drop("ix_note_owner", "owner"))
    assert "    owner: Mapped[str] = mapped_column()\n" in patched(
        tmp_path, HEAD + lone, drop("ix_note_owner", "owner")
    )


def test_arguments_that_all_went_leave_no_indentation_behind(tmp_path: Path) -> None:
    arguments = '    id: Mapped[int]\n    __table_args__ = (\n        Index("ix_old", "id"),\n    )\n'
    after = patched(tmp_path, HEAD + arguments, drop("ix_old", "id"), make("ix_a", "id", predicate="id > 0"))
    assert after.endswith(
        '    __table_args__ = (\n        Index("ix_a", "id", postgresql_where=text("id > 0")),\n    )\n'
    )


def test_arguments_on_several_lines_stand_apart_from_what_follows(tmp_path: Path) -> None:
    after = patched(
        tmp_path, HEAD + "    # the key\n    id: Mapped[int]\n", make("ix_a", "id"), make("ix_b", "id", "id")
    )
    assert (
        '    __table_args__ = (\n        Index("ix_a", "id"),\n        Index("ix_b", "id", "id"),\n    )\n\n'
        "    # the key\n    id: Mapped[int]\n"
    ) in after


def test_arguments_stand_apart_from_the_docstring(tmp_path: Path) -> None:
    text = (
        "from sqlmodel import Index, SQLModel\n\n\n"
        'class Note(SQLModel, table=True):\n    """A note."""\n\n    id: int\n'
    )
    after = patched(tmp_path, text, make("ix_a", "id", "id"))
    assert '    """A note."""\n\n    __table_args__ = (Index("ix_a", "id", "id"),)\n\n    id: int\n' in after


def test_a_default_of_sqlmodel_is_kept_as_it_is_written(tmp_path: Path) -> None:
    text = (
        "from sqlmodel import Field, SQLModel\n\n\nclass Note(SQLModel, table=True):\n    id: int = Field(index=True)\n"
    )
    after = patched(tmp_path, f"{text}    owner: str = 'no' 'body'\n", make("ix_note_owner", "owner"))
    assert "    owner: str = Field(default='no' 'body', index=True)\n" in after


def test_names_that_sqlmodel_hands_on_are_no_others(tmp_path: Path) -> None:
    text = "from sqlmodel import Field, Index, SQLModel\n\n\nclass Note(SQLModel, table=True):\n    id: int = Field()\n"
    assert '    __table_args__ = (Index("ix_a", "id"),)\n' in patched(tmp_path, text, make("ix_a", "id"))
