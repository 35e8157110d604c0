from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, String, func
from sqlalchemy.orm import DeclarativeBase, declared_attr, relationship


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = 'user_account'

    id = Column(BigInteger, primary_key=True)
    login = Column(String(50), unique=True, nullable=False)
    locale = Column(String(5))
    gone_at = Column(DateTime)


class Owned:
    @declared_attr
    def owner_id(cls):
        return Column(Integer, ForeignKey('user_account.id'), nullable=False, index=True)

    @declared_attr
    def owner(cls):
        return relationship('User', foreign_keys=[cls.owner_id])


class Timed:
    @declared_attr
    def begun_at(cls):  # one index each, named by hand
        return Column(DateTime, server_default=func.now())

    ended_at = Column(DateTime)


class Timer(Owned, Timed, Base):
    __tablename__ = 'timer'

    id = Column(BigInteger, primary_key=True)
    label = Column(String(80))


class Shift(Owned, Timed, Base):
    __tablename__ = 'shift'
    __table_args__ = (Index('ix_shift_place', 'place'),)

    id = Column(BigInteger, primary_key=True)
    place = Column(String(80), nullable=False)
    break_minutes = Column(Integer, nullable=False, default=0)
