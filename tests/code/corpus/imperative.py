"""Domain classes that know nothing of tables, mapped from outside."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, UniqueConstraint
from sqlalchemy.orm import registry, relationship

metadata = MetaData()
mapper_registry = registry(metadata=metadata)


@dataclass
class Batch:
    reference: str
    sku: str
    eta: datetime | None = None


class OrderLine:
    def __init__(self, order_reference: str, sku: str, quantity: int) -> None:
        self.order_reference, self.sku, self.quantity = order_reference, sku, quantity


class Allocation: ...


order_lines = Table(
    "order_lines",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("sku", String(255), index=True),
    Column("quantity", Integer, nullable=False),
    Column("order_reference", String(255)),
    Column("dropped_at", DateTime),
    UniqueConstraint("order_reference", "sku"),
)

batches = Table(
    "batches", metadata,
    Column("id", Integer, primary_key=True),
    Column("reference", String(255), nullable=False),
    Column("sku", String(255)),
    Column("eta", DateTime, nullable=True),
    Index("ix_batches_eta", "eta")
)

allocations = Table("allocations", metadata, Column("id", Integer, primary_key=True),
                    Column("order_line_id", ForeignKey("order_lines.id")),
                    Column("batch_id", Integer, ForeignKey("batches.id")), Column("at", DateTime))


def start_mappers() -> None:
    lines_mapper = mapper_registry.map_imperatively(OrderLine, order_lines)
    mapper_registry.map_imperatively(Allocation, allocations, properties={"line": relationship(lines_mapper)})
    mapper_registry.map_imperatively(Batch, batches)


start_mappers()
