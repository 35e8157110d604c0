from typing import Optional
import datetime
import decimal

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKeyConstraint, Identity, Index, Integer, Numeric, PrimaryKeyConstraint, String, Table, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase):
    pass


class Clients(Base):
    __tablename__ = 'clients'
    __table_args__ = (
        PrimaryKeyConstraint('id', name='clients_pkey'),
        UniqueConstraint('code', name='clients_code_key'),
        Index('idx_clients_name', 'name'),
        Index('idx_clients_town', 'town', 'zip')
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=1, increment=1, minvalue=1, maxvalue=9223372036854775807, cycle=False, cache=1), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), nullable=False)
    name: Mapped[str] = mapped_column(String(200), nullable=False)
    town: Mapped[Optional[str]] = mapped_column(String(100))
    zip: Mapped[Optional[str]] = mapped_column(String(10))
    deleted_at: Mapped[Optional[datetime.datetime]] = mapped_column(DateTime(True))

    orders: Mapped[list['Orders']] = relationship('Orders', back_populates='client')


class Orders(Base):
    __tablename__ = 'orders'
    __table_args__ = (
        CheckConstraint('total >= 0::numeric', name='orders_total_check'),
        ForeignKeyConstraint(['client_id'], ['clients.id'], ondelete='CASCADE', name='orders_client_id_fkey'),
        PrimaryKeyConstraint('id', name='orders_pkey'),
        Index('idx_orders_client_id', 'client_id'),
        Index('idx_orders_open', 'created_at', postgresql_where=text('(status = 1)'))
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    client_id: Mapped[int] = mapped_column(Integer, nullable=False)
    status: Mapped[int] = mapped_column(Integer, nullable=False, server_default=text('1'))
    total: Mapped[decimal.Decimal] = mapped_column(Numeric(12, 2), nullable=False)
    created_at: Mapped[datetime.datetime] = mapped_column(DateTime(True), nullable=False, server_default=text('now()'))
    remark: Mapped[Optional[str]] = mapped_column(Text)

    client: Mapped['Clients'] = relationship('Clients', back_populates='orders')


t_order_log = Table(
    'order_log', Base.metadata,
    Column('order_id', Integer, nullable=False),
    Column('message', Text, nullable=False),
    Column('logged_at', DateTime(True), nullable=False, server_default=text('now()')),
    ForeignKeyConstraint(['order_id'], ['orders.id'], name='order_log_order_id_fkey'),
    Index('idx_order_log_order_id', 'order_id')
)
