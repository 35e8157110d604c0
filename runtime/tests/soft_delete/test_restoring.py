"""`restore` brings back what went together, and nothing else, or says why not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, delete
from sqlalchemy.orm import Session

from pgwright_runtime.soft_delete import KeyTaken, NotDeleted, ParentDeleted, hide_deleted, restore, show_deleted
from runtime.tests.soft_delete.test_deletion import engine, living, session
from runtime.tests.support.soft_delete_library import Base, Book, Note, Reader, Shelf


__all__ = ["engine", "session"]


def test_x(engine: Engine, session: Session) -> None:
    before = living(session, Shelf, Book, Note)
    session.delete(session.get_one(Note, 4))
    session.commit()
    session.delete(session.get_one(Shelf, 1))
    session.commit()
    with pytest.raises(ParentDeleted) as caught:
        restore(session, Book, ("A", 1))
    print(caught.value)
    print(restore(session, Shelf, 1))
    before["Note"].remove((4,))
    assert living(session, Shelf, Book, Note) == before
