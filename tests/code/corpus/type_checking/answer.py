from __future__ import annotations

import typing as t
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from . import base

if t.TYPE_CHECKING:
    from .question import Question


class Answer(base.Base):
    __tablename__ = "answers"
    __table_args__ = (sa.Index("ix_answers_respondent", "respondent"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(sa.ForeignKey("questions.id"))
    respondent: Mapped[str] = mapped_column(sa.String(80))
    choice: Mapped[t.Optional[str]]
    given_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())

    question: Mapped[Question] = relationship(back_populates="answers")
