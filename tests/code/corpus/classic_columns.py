import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import declarative_base, relationship

Base = declarative_base()


class Customer(Base):
    __tablename__ = 'customer'

    id = Column(BigInteger, primary_key=True)
    email = Column(String(254), nullable=False, unique=True)
    full_name = Column(String(120))
    country = Column(String(2), index=True)
    is_blocked = Column(Boolean, nullable=False, default=False)
    deleted_at = Column(DateTime)

    orders = relationship('Order', back_populates='customer')


class Order(Base):
    __tablename__ = 'shop_order'
    __table_args__ = (
        UniqueConstraint('number', name='uq_order_number'),
        Index('ix_order_status', 'status'),  # the dashboard filters by it
        Index('ix_order_placed', 'placed_at', 'status')
    )

    id = Column(Integer, primary_key=True)
    number = Column(String(32), nullable=False)
    customer_id = Column(Integer, ForeignKey('customer.id'), nullable=False, index=True)
    status = Column(String(16), nullable=False, default='new')
    total = Column(Numeric(12, 2), nullable=False)
    placed_at = Column(DateTime, nullable=False, default=datetime.datetime.utcnow)
    cancelled_at = Column(DateTime, nullable=True)

    customer = relationship('Customer', back_populates='orders')
    lines = relationship('OrderLine', back_populates='order')


class OrderLine(Base):
    __tablename__ = 'shop_order_line'

    id = Column(Integer, primary_key=True)
    order_id = Column(Integer, ForeignKey('shop_order.id'), nullable=False)
    sku = Column(String(40), nullable=False)
    quantity = Column(Integer, nullable=False, default=1)

    order = relationship('Order', back_populates='lines')
