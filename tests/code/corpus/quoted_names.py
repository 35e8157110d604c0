"""Tables of a service that began in another language, names included."""

from datetime import datetime
from enum import Enum as PyEnum

from sqlalchemy import Enum, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class OrderState(PyEnum):
    OPEN = "open"
    PAID = "paid"
    SENT = "sent"


class User(Base):
    __tablename__ = "User"
    __table_args__ = (UniqueConstraint("emailAddress", name="User_emailAddress_key"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True, server_default=text("gen_random_uuid()"))
    emailAddress: Mapped[str] = mapped_column(Text)
    displayName: Mapped[str | None] = mapped_column(Text)
    deletedAt: Mapped[datetime | None]

    orders: Mapped[list["Order"]] = relationship(back_populates="user")


class Order(Base):
    __tablename__ = "order"
    __table_args__ = (
        Index("order_userId_idx", "userId"),
        Index("order_state_idx", "state", text('"createdAt" DESC'), postgresql_where=text("\"group\" = 'retail'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    userId: Mapped[str] = mapped_column(Text, ForeignKey("User.id"))
    state: Mapped[OrderState] = mapped_column(Enum(OrderState, name="OrderState"))
    group: Mapped[str] = mapped_column(String(20))
    createdAt: Mapped[datetime]
    paidAt: Mapped[datetime | None]

    user: Mapped[User] = relationship(back_populates="orders")


class OrderItem(Base):
    __tablename__ = "Order Item"

    id: Mapped[int] = mapped_column(primary_key=True)
    orderId: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    desc: Mapped[str] = mapped_column("desc", String(200))
    unit_price: Mapped[int] = mapped_column("unit price")
