from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base

if TYPE_CHECKING:
    from .answer import Answer
    from .survey import Survey


class Question(Base):
    __tablename__ = "questions"

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[str] = mapped_column(String(36), ForeignKey("surveys.id"), index=True)
    position: Mapped[int]
    text: Mapped[str] = mapped_column(String(500))

    survey: Mapped[Survey] = relationship(back_populates="questions")
    answers: Mapped[list[Answer]] = relationship(back_populates="question")
