from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=convention)


class Library(Base):
    __tablename__ = "library"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    closed_at: Mapped[datetime | None]


class Book(Base):
    __tablename__ = "book"
    __table_args__ = (
        UniqueConstraint("library_id", "signature"),
        CheckConstraint("pages > 0", name="pages_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    library_id: Mapped[int] = mapped_column(ForeignKey("library.id"), index=True)
    signature: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(300), index=True)
    pages: Mapped[int]
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime)


class Loan(Base):
    __tablename__ = "loan"
    __table_args__ = (Index("loan_due", "due_at"), Index(None, "reader", "due_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("book.id"))
    reader: Mapped[str] = mapped_column(String(40))
    due_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
