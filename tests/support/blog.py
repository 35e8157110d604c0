"""A blog on SQLAlchemy as users write it, with requests that load lazily or at once."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, selectinload

from tests.support.database import Database

SETUP = """
CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE TABLE topics (id int PRIMARY KEY, name text);
CREATE TABLE posts (
    id int PRIMARY KEY, author_id int NOT NULL REFERENCES users, topic_id int REFERENCES topics, title text
);
CREATE TABLE comments (id int PRIMARY KEY, post_id int NOT NULL REFERENCES posts, body text);
INSERT INTO users SELECT n, 'u' || n FROM generate_series(1, 50) n;
INSERT INTO topics SELECT n, 't' || n FROM generate_series(1, 400) n;
-- Every fourth post has no topic.
INSERT INTO posts
SELECT n, n % 50 + 1, CASE WHEN n % 4 > 0 THEN n * 7919 % 10007 % 400 + 1 END, 'p' || n FROM generate_series(1, 2000) n;
INSERT INTO comments SELECT n, n % 2000 + 1, 'c' || n FROM generate_series(1, 8000) n;
CREATE INDEX ON posts (author_id);
CREATE INDEX ON comments (post_id);
ANALYZE
"""


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Topic(Base):
    __tablename__ = "topics"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))
    title: Mapped[str]
    author: Mapped[User] = relationship()
    topic: Mapped[Topic | None] = relationship()
    comments: Mapped[list[Comment]] = relationship()


class Comment(Base):
    __tablename__ = "comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    body: Mapped[str]


Request = Callable[[Session, int], object]


def newest(session: Session, number: int) -> object:
    """Show a page of twenty, with the comments and the topic of each."""
    posts = session.scalars(select(Post).where(Post.id > number * 20 % 1_900).order_by(Post.id).limit(20))
    return [(len(post.comments), post.topic) for post in posts]


def by_author(session: Session, number: int) -> object:
    posts = session.scalars(select(Post).where(Post.author_id == number % 50 + 1).order_by(Post.id).limit(15))
    return [(len(post.comments), post.topic) for post in posts]


def newest_at_once(session: Session, number: int) -> object:
    posts = select(Post).where(Post.id > number * 20 % 1_900).order_by(Post.id).limit(20)
    loaded = posts.options(selectinload(Post.comments), joinedload(Post.topic))
    return [(len(post.comments), post.topic) for post in session.scalars(loaded)]


def one_post(session: Session, number: int) -> object:
    post = session.get_one(Post, number % 2_000 + 1)
    return len(post.comments), post.topic


def all_posts(session: Session, number: int) -> object:
    """List a hundred for the admin, and who wrote them by number."""
    posts = select(Post.id, Post.author_id, Post.title).order_by(Post.title)
    return session.execute(posts.offset(number % 20 * 100).limit(100)).all()


def visit(database: Database, *requests: tuple[Request, int], signs_in: bool = True) -> None:
    """Send each request so many times, each in a session of its own, after a look-up of the user."""
    engine: Engine = create_engine(database.url("psycopg"))
    try:
        for request, times in requests:
            for number in range(times):
                with Session(engine) as session:
                    if signs_in:
                        session.get_one(User, number % 50 + 1)
                    request(session, number)
    finally:
        engine.dispose()
