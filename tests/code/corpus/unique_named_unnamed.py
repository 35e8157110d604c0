from sqlalchemy import Column, Date, DateTime, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, relationship


class Base(DeclarativeBase):
    pass


class Hotel(Base):
    __tablename__ = "hotel"
    __table_args__ = (
        UniqueConstraint("name", "city"),
    )

    id = Column(Integer, primary_key=True)
    name = Column(String(120), nullable=False)
    city = Column(String(80), nullable=False)
    closed_at = Column(DateTime)


class Guest(Base):
    __tablename__ = "guest"
    __table_args__ = (
        UniqueConstraint("passport", name="one_guest_a_passport"),  # by law
        UniqueConstraint("email", name="guest_email"),
    )

    id = Column(Integer, primary_key=True)
    passport = Column(String(20))
    email = Column(String(254))
    name = Column(String(200), nullable=False)
    erased_at = Column(DateTime)


class Room(Base):
    __tablename__ = "room"

    id = Column(Integer, primary_key=True)
    hotel_id = Column(ForeignKey(Hotel.id), nullable=False)
    number = Column(String(6), nullable=False)
    floor = Column(Integer)
    renovated_at = Column(DateTime)

    uq = UniqueConstraint(hotel_id, number, name="uq_room")
    __table_args__ = (uq,)


class Booking(Base):
    __tablename__ = "booking"

    id = Column(Integer, primary_key=True)
    room_id = Column(ForeignKey("room.id"), nullable=False)
    guest_id = Column(ForeignKey("guest.id"), nullable=False)
    night = Column(Date, nullable=False)
    code = Column(String(12), unique=True)
    cancelled_at = Column(DateTime)

    room = relationship(Room)

    __table_args__ = (Index("uq_booking_room_night", "room_id", "night", unique=True),)
