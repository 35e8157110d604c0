"""Three schemas and public, with keys across them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

AUTH = "auth"


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "user"
    __table_args__ = (sa.Index("ix_auth_user_name", "name"), {"schema": AUTH})

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    disabled_at: Mapped[datetime | None] = mapped_column(sa.DateTime)

    posts: Mapped[list["Post"]] = relationship(back_populates="author")


class Token(Base):
    __tablename__ = "token"
    __table_args__ = {"schema": AUTH}

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("auth.user.id", ondelete="CASCADE"))
    hash: Mapped[str] = mapped_column(sa.CHAR(64), index=True)
    scopes: Mapped[list[str]] = mapped_column(sa.ARRAY(sa.Text))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime)


class Post(Base):
    __tablename__ = "post"
    __table_args__ = {"schema": "content"}

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    author_id: Mapped[str] = mapped_column(sa.String(36), sa.ForeignKey(f"{AUTH}.user.id"))
    title: Mapped[str] = mapped_column(sa.String(200))
    published_at: Mapped[datetime | None] = mapped_column(sa.DateTime)

    author: Mapped[User] = relationship(back_populates="posts")


# The same name in another schema.
class PublicToken(Base):
    __tablename__ = "token"

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[str] = mapped_column(sa.String(36), sa.ForeignKey("content.post.id"))
    word: Mapped[str] = mapped_column(sa.String(60))
    seen_at: Mapped[datetime | None] = mapped_column(sa.DateTime)
