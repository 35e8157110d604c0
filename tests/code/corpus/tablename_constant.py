from typing import Final

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, String, func
from sqlalchemy.orm import DeclarativeBase, relationship

PREFIX = "crm_"
COMPANY: Final = "crm_company"
CALL_TABLE = PREFIX + "call"


class Names:
    note = "crm_note"


class Base(DeclarativeBase):
    pass


class Company(Base):
    __tablename__ = COMPANY

    id = Column(Integer, primary_key=True)
    vat = Column(String(20), unique=True)
    name = Column(String(200), nullable=False)
    left_at = Column(DateTime)


class Call(Base):
    __tablename__ = CALL_TABLE
    __table_args__ = (Index("ix_crm_call_at", "at"),)

    id = Column(Integer, primary_key=True)
    company_id = Column(Integer, ForeignKey(f"{COMPANY}.id"), nullable=False)
    number = Column(String(30))
    seconds = Column(Integer)
    at = Column(DateTime, server_default=func.now())

    company = relationship(Company)


class Note(Base):
    __tablename__ = Names.note

    id = Column(Integer, primary_key=True)
    call_id = Column(Integer, ForeignKey(CALL_TABLE + ".id"), nullable=False, index=True)
    body = Column(String)
    written_at = Column(DateTime)
