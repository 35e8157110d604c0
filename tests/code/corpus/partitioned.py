from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Sensor(Base):
    __tablename__ = "sensor"

    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(String(40), unique=True)
    site: Mapped[str] = mapped_column(String(40), index=True)
    removed_at: Mapped[datetime | None]


class Measurement(Base):
    __tablename__ = "measurement"
    __table_args__ = (
        Index("ix_measurement_kind", "kind"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(DateTime, primary_key=True, server_default=func.now())
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensor.id"))
    kind: Mapped[str] = mapped_column(String(20))
    value: Mapped[float]
    note: Mapped[str | None] = mapped_column(String(200))
