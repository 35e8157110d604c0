import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from . import _base
from ._base import Base
from .catalog import Item


class Coupon(Base):
    code: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    percent: Mapped[int]
    used_up: Mapped[bool] = mapped_column(default=False, index=True)


class Basket(_base.Dated, Base):
    id: Mapped[_base.BigKey]
    visitor: Mapped[str] = mapped_column(sa.String(64), index=True)
    coupon: Mapped[str | None] = mapped_column(sa.ForeignKey("coupon.code"))


class BasketItem(Base):
    basket_id: Mapped[int] = mapped_column(sa.ForeignKey("basket.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey(Item.id), primary_key=True)
    count: Mapped[int] = mapped_column(sa.SmallInteger, default=1)
    wish: Mapped[str | None]
