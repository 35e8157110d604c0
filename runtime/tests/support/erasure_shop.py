"""A shop with rows of a person in every form: by foreign keys of each kind, by value, in JSON, in arrays, keyless."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, ForeignKey, MetaData, Text, func
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pgwright_runtime.erasure import Anonymise, Delete, Erasure, LegalHold, Link
from tests.support.database import Database

SECRET = "a secret of the shop's, for tests"


class Base(DeclarativeBase):
    metadata = MetaData()
    type_annotation_map = {int: BigInteger, str: Text}


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    is_held: Mapped[bool] = mapped_column(default=False)


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("notes.id"))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    body: Mapped[str]


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ship_to: Mapped[str | None]
    total: Mapped[int]
    issued: Mapped[date | None]


class AuditLog(Base):
    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(primary_key=True)
    actor_email: Mapped[str]
    ip: Mapped[str] = mapped_column(INET)


class Event(Base):
    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Document(Base):
    __tablename__ = "documents"
    id: Mapped[int] = mapped_column(primary_key=True)
    readers: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class Attachment(Base):
    __tablename__ = "attachments"
    owner_type = Column(Text, primary_key=True)
    owner_id = Column(BigInteger, primary_key=True)
    number = Column(BigInteger, primary_key=True)
    data = Column(Text)


TABLES = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, is_held bool NOT NULL DEFAULT false,
    invited_by bigint REFERENCES users ON DELETE SET NULL);
CREATE INDEX ON users (invited_by);
CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    parent_id bigint REFERENCES notes, approved_by bigint REFERENCES users ON DELETE SET NULL, body text NOT NULL);
CREATE INDEX ON notes (user_id); CREATE INDEX ON notes (parent_id); CREATE INDEX ON notes (approved_by);
CREATE TABLE invoices (id bigint PRIMARY KEY, user_id bigint REFERENCES users, ship_to text, total bigint NOT NULL,
    issued date);
CREATE INDEX ON invoices (user_id);
CREATE TABLE audit_log (id bigint PRIMARY KEY, actor_email text NOT NULL, ip inet NOT NULL);
CREATE INDEX ON audit_log (actor_email);
CREATE TABLE events (id bigint PRIMARY KEY, payload jsonb NOT NULL);
CREATE INDEX ON events ((payload ->> 'user_id'));
CREATE TABLE documents (id bigint PRIMARY KEY, readers bigint[] NOT NULL);
CREATE INDEX ON documents USING gin (readers);
CREATE TABLE attachments (owner_type text, owner_id bigint, number bigint, data text,
    PRIMARY KEY (owner_type, owner_id, number));
-- No model knows these two, and the first has no key.
CREATE TABLE visits (user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE, seen_ip inet);
CREATE INDEX ON visits (user_id);
CREATE TABLE "Odd ""table:1"" x" ("the :key" bigint PRIMARY KEY, "of:user" bigint REFERENCES users ON DELETE CASCADE);
CREATE INDEX ON "Odd ""table:1"" x" ("of:user")
"""
ROWS = """
INSERT INTO users SELECT n, 'user' || n || '@shop.test', false, NULLIF(n / 2, 0) FROM generate_series(1, 20) AS n;
INSERT INTO notes SELECT n, 1 + n % 20, NULL, 1 + (n + 1) % 20, 'note ' || n || ' of user' || 1 + n % 20
    FROM generate_series(1, 200) AS n;
UPDATE notes SET parent_id = id - 20 WHERE id > 100;
INSERT INTO invoices SELECT n, 1 + n % 20, 'user' || 1 + n % 20 || ' Street', n,
    CASE WHEN n % 40 = 2 THEN date '2001-01-01' ELSE date '2999-01-01' END FROM generate_series(1, 60) AS n;
INSERT INTO audit_log SELECT n, 'user' || 1 + n % 20 || '@shop.test', '10.0.0.1' FROM generate_series(1, 100) AS n;
INSERT INTO events SELECT n, jsonb_build_object('user_id', 1 + n % 20, 'what', 'login')
    FROM generate_series(1, 100) AS n;
INSERT INTO documents SELECT n, ARRAY[1 + n % 20, 1 + (n + 1) % 20] FROM generate_series(1, 40) AS n;
INSERT INTO attachments SELECT t, 1 + n % 20, n, 'data'
    FROM generate_series(1, 40) AS n, unnest('{user,team}'::text[]) AS t;
INSERT INTO visits SELECT 1 + n % 20, '10.0.0.2' FROM generate_series(1, 60) AS n;
INSERT INTO "Odd ""table:1"" x" SELECT n, 1 + n % 20 FROM generate_series(1, 40) AS n;
ANALYZE
"""


def make_erasure(**changes: Any) -> Erasure:
    """Return a declaration that answers for every table."""
    given: dict[str, Any] = {
        "rules": [
            Anonymise(Invoice, {Invoice.user_id: None, Invoice.ship_to: None}, reason="§ 147 AO: invoices, 10 years"),
            Delete(Note, via=[Note.parent_id]),
            Delete(AuditLog),
            Delete(Event),
            Anonymise(Document, {Document.readers: func.array_remove(Document.readers, User.id)}),
            Delete(Attachment),
        ],
        "links": [
            Link(AuditLog.actor_email, User.email),
            Link(Event.payload["user_id"].astext, User.id),
            Link(Document.readers, User.id),
            Link(Attachment.owner_id, User.id, where=Attachment.owner_type == "user"),
        ],
        "holds": [LegalHold(User, User.is_held.is_(True), reason="litigation 7 O 1/26")],
    }
    return Erasure(User, **{**given, **changes})


def make_shop(database: Database) -> None:
    database.execute(TABLES + ";" + ROWS)
