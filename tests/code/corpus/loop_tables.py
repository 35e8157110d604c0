"""One table a region, made in a loop: no file has a place for the index of one of them alone."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table

metadata = MetaData()

BY_HAND = {
    "orders_north": "made in a loop",
    "orders_south": "made in a loop",
}

customers = Table(
    "customers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False, index=True),
    Column("email", String(254), unique=True),
    Column("left_at", DateTime),
)

orders = {
    region: Table(
        f"orders_{region}",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("customer_id", Integer, ForeignKey("customers.id"), nullable=False),
        Column("state", String(10), nullable=False),
        Column("placed_at", DateTime, nullable=False),
    )
    for region in ("north", "south")
}
