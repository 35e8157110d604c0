"""The judgement of patched models notices what a patcher does wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pgwright.code.index_call import index_call
from pgwright.embedded import EmbeddedServer
from pgwright.model.change import Change, CreateIndex
from pgwright.model.patch import FileEdit, HandEdit, ModelPatch
from tests.support.model_files import Entry, Judged, Patcher, judge

MODELS = '''\
"""Notes."""

from sqlalchemy import Column, DateTime, Index, Integer, String, text
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Setting:
    color = "blue"  # nobody's table


class Note(Base):
    __tablename__ = "note"

    id = Column(Integer, primary_key=True)
    title = Column(String(80))  # one line
    kind = Column(String(20), nullable=False)
    written_at = Column(DateTime)
'''


def patcher(spoil: Callable[[str], str] = lambda text: text, *, by_hand: tuple[HandEdit, ...] = ()) -> Patcher:
    """Return a patcher that writes each index below the class, and spoils the text afterwards."""

    def patch(root: Path, changes: Sequence[Change]) -> ModelPatch:
        text = MODELS
        for change in changes:
            if isinstance(change, CreateIndex):
                text += f"{str(index_call(change.definition))[:-1]}, _table=Note.__table__)\n"
        old, new = (root / "notes.py").read_text(), spoil(text)
        return ModelPatch((FileEdit(Path("notes.py"), old, new),) if new != old else (), by_hand)

    return patch


def judged(server: EmbeddedServer, folder: Path, patch: Patcher) -> Judged:
    path = folder / "notes.py"
    path.write_text(MODELS)
    return judge(Entry("notes", path), server, patch=patch)


def test_a_right_patch_is_good(server: EmbeddedServer, tmp_path: Path) -> None:
    assert judged(server, tmp_path, patcher()) == Judged("notes", True, True, True, True, True)


def test_a_patch_that_does_nothing_leaves_differences(server: EmbeddedServer, tmp_path: Path) -> None:
    found = judged(server, tmp_path, patcher(lambda text: MODELS))
    assert (found.imports, found.equal, found.alembic_clean, found.idempotent) == (True, False, False, True)
    assert any("the models make nothing" in problem for problem in found.problems)
    assert any(problem.startswith("alembic: remove_index") for problem in found.problems)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda text: text.replace("  # one line", ""), "the comment of line 17 is gone"),
        (lambda text: text.replace('"blue"', '"red"'), "line 10 belongs to no edited table"),
        (lambda text: text.replace('color = "blue"', 'color = "blue"\n    shade = 1'), ""),
        (lambda text: text.replace("\n", "\r\n"), "ends of lines"),
        (lambda text: "x = 1\n" + text, "beside no edited table"),
        (lambda text: text + "x = 1\n" * 99, "lines came"),
    ],
    ids=["comment", "another class", "a line more there", "ends of lines", "beside nothing", "too much"],
)
def test_what_is_none_of_its_business_stays(
    server: EmbeddedServer, tmp_path: Path, spoil: Callable[[str], str], told: str
) -> None:
    found = judged(server, tmp_path, patcher(spoil))
    assert not found.bytes_kept
    assert any(told in problem for problem in found.problems)


def test_a_patch_that_breaks_the_models(server: EmbeddedServer, tmp_path: Path) -> None:
    found = judged(server, tmp_path, patcher(lambda text: text + "Note.no_such_thing\n"))
    assert (found.imports, found.equal, found.alembic_clean) == (False, False, False)
    found = judged(server, tmp_path, patcher(lambda text: text + "(\n"))
    assert (found.imports, found.bytes_kept) == (False, False)


def test_a_patch_that_never_ends(server: EmbeddedServer, tmp_path: Path) -> None:
    counted = iter(range(9))
    found = judged(server, tmp_path, patcher(lambda text: f"{text}n = {next(counted)}\n"))
    assert not found.idempotent


def test_another_name_is_another_index(server: EmbeddedServer, tmp_path: Path) -> None:
    found = judged(server, tmp_path, patcher(lambda text: text.replace('Index("ix_', 'Index("idx_')))
    assert (found.imports, found.equal, found.alembic_clean) == (True, False, False)


def test_nothing_is_left_to_hands_unless_the_entry_says_so(server: EmbeddedServer, tmp_path: Path) -> None:
    found = judged(server, tmp_path, patcher(by_hand=(HandEdit("ix_note of note", "too hard", ()),)))
    assert found.problems == ("left to do by hand: ix_note of note, too hard",)


def test_a_patcher_that_fails(server: EmbeddedServer, tmp_path: Path) -> None:
    def fail(root: Path, changes: Sequence[Change]) -> ModelPatch:
        raise KeyError("note")

    assert judged(server, tmp_path, fail).problems == ("the patcher fails: KeyError('note')",)
