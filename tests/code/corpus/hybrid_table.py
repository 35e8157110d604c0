from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.orm import DeclarativeBase, relationship


class Base(DeclarativeBase):
    metadata = MetaData()


class Wiki(Base):
    __table__ = Table(
        "wiki",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(80), nullable=False, unique=True),
        Column("frozen_at", DateTime),
        Column("host", String(120)),
    )

    pages = relationship("Page", back_populates="wiki")


class Page(Base):
    __table__ = Table(
        "page", Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("wiki_id", Integer, ForeignKey("wiki.id"), nullable=False, index=True),
        Column("title", String(200), nullable=False),
        Column("redirect", String(200)),
        Index("ix_page_title", "title"),
    )

    wiki = relationship(Wiki, back_populates="pages")


revision_table = Table(
    "revision",
    Base.metadata,
    Column("id", Integer, primary_key=True),
    Column("page_id", Integer, ForeignKey("page.id"), nullable=False),
    Column("author", String(80)),
    Column("text", Text, nullable=False),
    Column("saved_at", DateTime, nullable=False),
)


class Revision(Base):
    __table__ = revision_table
    page = relationship(Page)
