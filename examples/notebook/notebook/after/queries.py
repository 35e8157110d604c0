"""What the queries of the repositories are built from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVarTuple, cast
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from notebook.after.models import Base

Columns = TypeVarTuple("Columns")


@dataclass(frozen=True)
class Cursor:
    """The last row of a page; the next page starts below it, at the same price for every page."""

    created_at: datetime
    id: UUID


def count_of(reference: InstrumentedAttribute[UUID], parent: InstrumentedAttribute[UUID]) -> ScalarSelect[int]:
    """Return the number of children of each parent row, as a subquery of a column.

    Args:
        reference: the foreign key of the children, as in `Source.notebook_id`.
        parent: the key of the parent, as in `Notebook.id`.
    """
    children = cast(type[Base], reference.class_)
    counting = select(func.count()).select_from(children).where(reference == parent)
    return counting.correlate(parent.class_).scalar_subquery()


def page_of(query: Select[*Columns], model: type[Base], limit: int, after: Cursor | None) -> Select[*Columns]:
    """Return one page, newest row first."""
    if after is not None:
        query = query.where(tuple_(model.created_at, model.id) < tuple_(after.created_at, after.id))
    return query.order_by(model.created_at.desc(), model.id.desc()).limit(limit)
