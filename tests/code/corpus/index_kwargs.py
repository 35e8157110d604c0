"""Indexes with everything that PostgreSQL lets one say."""

from datetime import datetime

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, String, Text, and_, desc, func, nullslast, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


class Article(Base):
    __tablename__ = "article"

    id = Column(Integer, primary_key=True)
    slug = Column(String(120), nullable=False)
    title = Column(Text, nullable=False)
    lang = Column(String(5))
    data = Column(JSONB)
    published_at = Column(DateTime)
    deleted_at = Column(DateTime)

    __table_args__ = (
        Index("article_01_slug", slug, unique=True, postgresql_nulls_not_distinct=True),
        Index("article_02_data", data, postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        Index("article_03_title", func.lower(title), postgresql_ops={"lower_1": "text_pattern_ops"}),
        Index("article_04_new", nullslast(desc(published_at)), postgresql_include=["slug", "title"]),
        Index("article_05_live", lang, postgresql_where=and_(deleted_at.is_(None), published_at.isnot(None))),
        Index("article_06_lang", "lang", postgresql_where=text("lang <> 'de'")),
        Index("article_07_brin", published_at, postgresql_using="brin", postgresql_with={"pages_per_range": 16}),
        Index("article_08_expr", text("(data ->> 'author'::text)"), published_at.desc()),
    )


class Teaser(Base):
    __tablename__ = "teaser"
    __table_args__ = (
        Index("teaser_hash", "word", postgresql_using="hash"),
        Index(
            "teaser_upper",
            text("upper(word)"),  # old searches
            unique=True,
            postgresql_where=text("word IS NOT NULL"),
            info={"owner": "search team"},
        ),
    )

    id = Column(Integer, primary_key=True)
    article_id = Column(ForeignKey("article.id"), nullable=False)
    word = Column(Text)
    place = Column(String(20), nullable=False)
    shown_at = Column(DateTime)
