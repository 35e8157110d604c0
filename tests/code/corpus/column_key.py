from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, UniqueConstraint
from sqlalchemy.orm import declarative_base

metadata = MetaData()
Base = declarative_base(metadata=metadata)

legacy_customer = Table(
    "TBL_CUST",
    metadata,
    Column("CUST_ID", BigInteger, primary_key=True, key="id"),
    Column("CUST_NM", String(80), key="name", nullable=False),
    Column("CUST_NO", String(12), key="number"),
    Column("DEL_TS", DateTime, key="deleted_at"),
    UniqueConstraint("number", name="UQ_CUST_NO"),
    Index("IX_CUST_NM", "name"),
)


class Delivery(Base):
    __tablename__ = "TBL_DELIV"
    __table_args__ = (Index("IX_DELIV_DAY", "day"),)

    id = Column("DELIV_ID", Integer, primary_key=True)
    customer = Column("CUST_ID", Integer, ForeignKey("TBL_CUST.id"), key="customer", nullable=False)
    day = Column("DELIV_DT", DateTime, key="day")
    driver = Column("DRV_NM", String(40), key="driver", index=True)
    lost_at = Column("LOST_TS", DateTime)
