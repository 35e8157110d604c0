"""Importing this imports every table."""

from split_package.models._base import Base, metadata
from split_package.models.catalog import Category, Item
from split_package.models.sales import Basket, BasketItem, Coupon

__all__ = ("Base", "Basket", "BasketItem", "Category", "Coupon", "Item", "metadata")
