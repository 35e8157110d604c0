from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, String
from sqlalchemy.ext.declarative import AbstractConcreteBase, ConcreteBase
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


class Place(Base):
    __tablename__ = "place"

    id = Column(Integer, primary_key=True)
    name = Column(String(100), nullable=False)
    country = Column(String(2))


class Vehicle(ConcreteBase, Base):
    __tablename__ = "vehicle"

    id = Column(Integer, primary_key=True)
    plate = Column(String(12), nullable=False, unique=True)
    place_id = Column(Integer, ForeignKey("place.id"))
    sold_at = Column(DateTime)

    __mapper_args__ = {"polymorphic_identity": "vehicle", "concrete": True}


class Truck(Vehicle):
    __tablename__ = "truck"
    __table_args__ = (Index("ix_truck_tons", "tons"),)

    id = Column(Integer, primary_key=True)
    plate = Column(String(12), nullable=False, unique=True)
    place_id = Column(Integer, ForeignKey("place.id"))
    tons = Column(Integer)
    sold_at = Column(DateTime)

    __mapper_args__ = {"polymorphic_identity": "truck", "concrete": True}


class Asset(AbstractConcreteBase, Base):
    strict_attrs = True


class Tool(Asset):
    __tablename__ = "tool"

    id = Column(Integer, primary_key=True)
    serial = Column(String(30), index=True)
    bought_at = Column(DateTime)

    __mapper_args__ = {"polymorphic_identity": "tool", "concrete": True}
