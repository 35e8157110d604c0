"""Project tracking, with the columns that repeat themselves as `Annotated` aliases."""

from datetime import datetime
from typing import Annotated, Optional
from uuid import uuid4

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

str_pk = Annotated[str, mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))]
project_fk = Annotated[str, mapped_column(String(36), ForeignKey("projects.id", ondelete="CASCADE"))]
intpk = Annotated[int, mapped_column(BigInteger, primary_key=True)]
str50 = Annotated[str, 50]
created = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]


class Base(DeclarativeBase):
    type_annotation_map = {str50: String(50)}


class Project(Base):
    __tablename__ = "projects"

    id: Mapped[str_pk]
    key: Mapped[str50] = mapped_column(unique=True)
    name: Mapped[str50]
    created_at: Mapped[created]
    closed_at: Mapped[Optional[datetime]] = mapped_column(DateTime(timezone=True))

    issues: Mapped[list["Issue"]] = relationship(back_populates="project")


class Issue(Base):
    __tablename__ = "issues"
    __table_args__ = (Index("ix_issues_state_created_at", "state", "created_at"),)

    id: Mapped[intpk]
    project_id: Mapped[project_fk]
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str50] = mapped_column(default="open")
    created_at: Mapped[created]
    due_on: Mapped[Optional[datetime]]

    project: Mapped[Project] = relationship(back_populates="issues")


class Watcher(Base):
    __tablename__ = "watchers"

    id: Mapped[intpk]
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"))
    project_id: Mapped[project_fk]
    email: Mapped[str50]
    since: Mapped[created]
