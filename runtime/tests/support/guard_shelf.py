"""Models for the tests of the guard: owners, their notebooks, sources, chunks. Each list has `ROWS` rows."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from pgwright.embedded import EmbeddedServer

ROWS = 4


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owners"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Notebook(Base):
    __tablename__ = "notebooks"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))
    owner: Mapped[Owner] = relationship()
    sources: Mapped[list[Source]] = relationship(back_populates="notebook", cascade="all, delete-orphan")
    tags: Mapped[list[Tag]] = relationship(lazy="selectin")


class Source(Base):
    __tablename__ = "sources"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    notebook_id: Mapped[int] = mapped_column(ForeignKey("notebooks.id"))
    notebook: Mapped[Notebook] = relationship(back_populates="sources")
    chunks: Mapped[list[Chunk]] = relationship(cascade="all, delete-orphan")


class Chunk(Base):
    __tablename__ = "chunks"
    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    notebook_id: Mapped[int] = mapped_column(ForeignKey("notebooks.id"))


def create_shelf(server: EmbeddedServer) -> str:
    """Create a database with the models and rows, and return its name."""
    name = f"shelf_{uuid4().hex[:8]}"
    server.create_database(name, template="template1")
    engine = create_engine(server.url(name, "psycopg"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(
            Notebook(
                title=f"notebook {n}",
                owner=Owner(name=f"owner {n}"),
                sources=[Source(title=f"source {n}", chunks=[Chunk(), Chunk()])],
            )
            for n in range(ROWS)
        )
        session.commit()
    engine.dispose()
    return name
