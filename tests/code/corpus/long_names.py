"""Names near PostgreSQL's limit of 63 bytes, which SQLAlchemy cuts with a hash."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class EnterpriseResourceAllocation(Base):
    __tablename__ = "enterprise_resource_planning_allocations"
    __table_args__ = (
        UniqueConstraint("organisational_unit_identifier", "fiscal_year"),
        Index("ix_enterprise_resource_planning_allocations_responsible", "responsible_department_name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organisational_unit_identifier: Mapped[str] = mapped_column(String(40), index=True)
    responsible_department_name: Mapped[str] = mapped_column(String(120))
    fiscal_year: Mapped[int]
    cancellation_requested_at: Mapped[datetime | None]


class EnterpriseResourceAllocationDetail(Base):
    __tablename__ = "enterprise_resource_planning_allocation_details"

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_resource_planning_allocation_id: Mapped[int] = mapped_column(
        ForeignKey("enterprise_resource_planning_allocations.id")
    )
    human_readable_description_of_the_detail: Mapped[str | None] = mapped_column(String(400))
    last_modification_timestamp: Mapped[datetime | None] = mapped_column(index=True)
    quantity_in_base_unit_of_measure: Mapped[int]
