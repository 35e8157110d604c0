from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, String, func
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


class Device(Base):
    __tablename__ = "device"
    __table_args__ = {"schema": "iot"}

    id = Column(BigInteger, primary_key=True)
    serial = Column(String(40), nullable=False, unique=True)
    model = Column(String(40), index=True)
    retired_at = Column(DateTime(timezone=True))


class Reading(Base):
    __tablename__ = "reading"
    __table_args__ = {
        'schema': 'iot',
        'comment': "One value of one device",
    }

    id = Column(BigInteger, primary_key=True)
    device_id = Column(Integer, ForeignKey("iot.device.id"), nullable=False)
    metric = Column(String(30), nullable=False)
    value = Column(Integer, nullable=False)
    taken_at = Column(DateTime(timezone=True), server_default=func.now(), index=True)


class Alarm(Base):
    __tablename__ = "alarm"
    __table_args__ = dict(schema="iot", comment="raised by a rule")

    id = Column(BigInteger, primary_key=True)
    reading_id = Column(Integer, ForeignKey("iot.reading.id"))
    level = Column(String(10), nullable=False)
    raised_at = Column(DateTime(timezone=True), nullable=False)
    cleared_at = Column(DateTime(timezone=True))
