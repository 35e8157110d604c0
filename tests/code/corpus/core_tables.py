import sqlalchemy
from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, Numeric, String, Table, Text, func

metadata = MetaData()


def timestamps():
    """Columns that every table has."""
    return [
        Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
        Column("updated_at", DateTime(timezone=True), onupdate=func.now()),
    ]


users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", Text),
    *timestamps(),
)

# No trailing comma, and the index among the columns
products = sqlalchemy.Table('products', metadata,
    Column('id', Integer, primary_key=True),
    Column('sku', String(30), nullable=False),
    sqlalchemy.Index('ix_products_sku', 'sku', unique=True),
    Column('title', String(200)),
    Column('price', Numeric(10, 2)),
    sqlalchemy.Index('ix_products_price', 'price'),
    *timestamps(),
    comment='what is for sale')

carts = Table("carts", metadata, Column("id", Integer, primary_key=True), Column("user_id", None, ForeignKey("users.id"), nullable=False), Column("state", String(10), nullable=False), *timestamps())

cart_items = Table(
    "cart_items",
    metadata,
    Column("cart_id", ForeignKey(carts.c.id), primary_key=True),
    Column("product_id", ForeignKey(products.c.id), primary_key=True),
    Column("amount", Integer, nullable=False, server_default="1"),
    Column("note", String(80)),
    schema=None,
)
