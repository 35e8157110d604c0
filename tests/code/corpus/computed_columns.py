from sqlalchemy import CheckConstraint, Column, Computed, Date, ForeignKey, Identity, Index, Integer, Numeric, String
from sqlalchemy.orm import DeclarativeBase, column_property, relationship


class Base(DeclarativeBase):
    pass


class Employee(Base):
    __tablename__ = "employee"

    id = Column(Integer, Identity(), primary_key=True)
    first = Column(String(40), nullable=False)
    last = Column(String(60), nullable=False)
    full = Column(String(110), Computed("first || ' ' || last", persisted=True), index=True)
    left_on = Column(Date)

    initials = column_property(first.concat(last))


class Invoice(Base):
    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("net >= 0"),
        Index("ix_invoice_gross", "gross"),
        Index("ix_invoice_year", "year", "number", unique=True),
    )

    id = Column(Integer, Identity(start=1000), primary_key=True)
    number = Column(Integer, nullable=False)
    year = Column(Integer, nullable=False)
    net = Column(Numeric(12, 2), nullable=False)
    gross = Column(Numeric(12, 2), Computed("net * 1.19", persisted=True))
    employee_id = Column(Integer, ForeignKey("employee.id"), nullable=False)
    paid_on = Column(Date)

    employee = relationship(Employee)
