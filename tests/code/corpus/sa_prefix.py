import sqlalchemy as sa
import sqlalchemy.orm as so
from sqlalchemy.dialects import postgresql as pg


class Base(so.DeclarativeBase):
    pass


class Warehouse(Base):
    __tablename__ = "warehouse"
    __table_args__ = {"comment": "A place that holds stock"}

    id = sa.Column(sa.BigInteger, primary_key=True)
    code = sa.Column(sa.String(8), nullable=False, unique=True)
    city = sa.Column(sa.String(80), nullable=False)
    tags = sa.Column(pg.ARRAY(sa.String), nullable=False, server_default=sa.text("'{}'"))
    closed_at = sa.Column(sa.DateTime(timezone=True))

    stock = so.relationship("Stock", back_populates="warehouse")


class Product(Base):
    __tablename__ = "product"
    __table_args__ = (
        sa.Index("ix_product_name", "name"),
        sa.Index("ix_product_attributes", "attributes", postgresql_using="gin"),
        sa.CheckConstraint("price >= 0", name="ck_product_price"),
    )

    id = sa.Column(sa.BigInteger, primary_key=True)
    name = sa.Column(sa.Text, nullable=False)
    price = sa.Column(sa.Numeric(10, 2), nullable=False)
    attributes = sa.Column(pg.JSONB, nullable=False, default=dict)
    retired_on = sa.Column(sa.Date)


class Stock(Base):
    __tablename__ = "stock"

    id = sa.Column(sa.BigInteger, primary_key=True)
    warehouse_id = sa.Column(sa.Integer, sa.ForeignKey("warehouse.id"), nullable=False)
    product_id = sa.Column(sa.Integer, sa.ForeignKey(Product.id), nullable=False)
    amount = sa.Column(sa.Integer, nullable=False, default=0)
    counted_at = sa.Column(sa.DateTime(timezone=True), server_default=sa.func.now())

    warehouse = so.relationship(Warehouse, back_populates="stock")
    product = so.relationship(Product)
