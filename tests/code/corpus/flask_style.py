"""A blog whose models know one name only, `db`."""

import re

import sqlalchemy as _sa
from sqlalchemy import orm as _orm


def _snake(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


class _Model(_orm.DeclarativeBase):
    def __init_subclass__(cls, **kw):
        if "__tablename__" not in vars(cls) and "__table__" not in vars(cls):
            cls.__tablename__ = _snake(cls.__name__)
        super().__init_subclass__(**kw)


class _Database:
    """What the extension offers: all of sqlalchemy and sqlalchemy.orm as attributes."""

    Model = _Model
    metadata = _Model.metadata

    def __getattr__(self, name):
        return getattr(_sa, name, None) or getattr(_orm, name)

    def Table(self, name, *args, **kw):
        return _sa.Table(name, self.metadata, *args, **kw)


db = _Database()

post_tags = db.Table(
    "post_tags",
    db.Column("post_id", db.Integer, db.ForeignKey("blog_post.id"), primary_key=True),
    db.Column("tag_id", db.Integer, db.ForeignKey("tag.id"), primary_key=True),
)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String(80), unique=True, nullable=False)
    email = db.Column(db.String(120), unique=True, nullable=False)
    password_hash = db.Column(db.String(128))
    last_seen = db.Column(db.DateTime)
    posts = db.relationship("BlogPost", backref="author", lazy=True)

    def __repr__(self):
        return '<User %r>' % self.username


class BlogPost(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String(140), nullable=False, index=True)
    slug = db.Column(db.String(160), nullable=False)
    body = db.Column(db.Text, nullable=False)
    published = db.Column(db.DateTime, index=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"), nullable=False)
    tags = db.relationship("Tag", secondary=post_tags, backref="posts")

    __table_args__ = (db.UniqueConstraint("user_id", "slug"), db.Index("ix_post_author_date", "user_id", "published"))


class Tag(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40), nullable=False, unique=True)
    color = db.Column(db.String(7))
