from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Optional
import datetime

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, String, Table
from sqlalchemy.orm import Mapped, mapped_column, registry, relationship

reg = registry()
metadata = reg.metadata


@reg.mapped
class Station:
    __tablename__ = "station"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    zone: Mapped[Optional[str]] = mapped_column(String(4))
    closed_at: Mapped[Optional[datetime.datetime]]


@reg.mapped
@dataclass
class Line:
    __tablename__ = "line"
    __table_args__ = (Index("ix_line_color", "color"),)
    __sa_dataclass_metadata_key__ = "sa"

    id: int = field(init=False, metadata={"sa": Column(Integer, primary_key=True)})
    number: str = field(default=None, metadata={"sa": Column(String(6), nullable=False)})
    color: Optional[str] = field(default=None, metadata={"sa": Column(String(20))})
    opened_at: Optional[datetime.datetime] = field(default=None, metadata={"sa": Column(DateTime, index=True)})


@reg.mapped_as_dataclass
class Stop:
    __tablename__ = "stop"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    position: Mapped[int]
    platform: Mapped[Optional[str]] = mapped_column(String(5), default=None)
