"""A convention that wants a name of every unique and check constraint, and adds to it."""

import sqlalchemy as sa
from sqlalchemy import orm

metadata = sa.MetaData(
    naming_convention={
        'pk': 'pk_%(table_name)s',
        'fk': 'fk_%(table_name)s_%(column_0_N_name)s',
        'uq': 'uq_%(table_name)s_%(constraint_name)s',
        'ck': 'ck_%(table_name)s_%(constraint_name)s',
        'ix': 'ix_%(table_name)s_%(column_0_N_name)s',
    }
)
Base = orm.declarative_base(metadata=metadata)


class Airport(Base):
    __tablename__ = 'airport'
    __table_args__ = (sa.UniqueConstraint('iata', name='iata'), sa.CheckConstraint('length(iata) = 3', name='iata_length'))

    id = sa.Column(sa.Integer, primary_key=True)
    iata = sa.Column(sa.String(3), nullable=False)
    city = sa.Column(sa.String(80), nullable=False, index=True)
    closed_at = sa.Column(sa.DateTime)


class Flight(Base):
    __tablename__ = 'flight'
    __table_args__ = (
        sa.UniqueConstraint('number', 'day', name='number_and_day'),
        sa.UniqueConstraint('gate', 'day', name=sa.schema.conv('one_flight_a_gate'))
    )

    id = sa.Column(sa.BigInteger, primary_key=True)
    number = sa.Column(sa.String(8), nullable=False)
    day = sa.Column(sa.Date, nullable=False)
    gate = sa.Column(sa.String(4))
    origin_id = sa.Column(sa.Integer, sa.ForeignKey('airport.id'), nullable=False, index=True)
    target_id = sa.Column(sa.Integer, sa.ForeignKey('airport.id'), nullable=False)
    cancelled_at = sa.Column(sa.DateTime)
