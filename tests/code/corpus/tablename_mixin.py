from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Index, MetaData, String
from sqlalchemy.orm import declarative_base, declarative_mixin, declared_attr, Mapped, mapped_column

metadata = MetaData()
Base = declarative_base(metadata=metadata)


@declarative_mixin
class AutoName:
    @declared_attr
    def __tablename__(cls):
        return "app_" + cls.__name__.lower()


@declarative_mixin
class HasId:
    id: Mapped[int] = mapped_column(primary_key=True)


class Feed(AutoName, HasId, Base):
    url: Mapped[str] = mapped_column(String(500), unique=True)
    title: Mapped[str | None] = mapped_column(String(200))
    fetched_at: Mapped[datetime | None] = mapped_column(DateTime)


class Entry(HasId, AutoName, Base):
    __table_args__ = (
        Index(None, "published_at"),
    )

    feed_id: Mapped[int] = mapped_column(ForeignKey("app_feed.id"))
    guid: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(300))
    published_at: Mapped[datetime | None] = mapped_column(DateTime)
    read_at: Mapped[datetime | None] = mapped_column(DateTime)
