from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, MetaData, String, func, text
from sqlalchemy.orm import registry

mapper_registry = registry(metadata=MetaData())


class Base(metaclass=__import__("sqlalchemy.orm", fromlist=["DeclarativeMeta"]).DeclarativeMeta):
    __abstract__ = True

    registry = mapper_registry
    metadata = mapper_registry.metadata
    __init__ = mapper_registry.constructor


class Auditable(Base):
    __abstract__ = True
    __table_args__ = {"comment": "every change is logged"}

    id = Column(BigInteger, primary_key=True)
    created_at = Column(DateTime(timezone=True), server_default=func.now(), nullable=False)
    updated_at = Column(DateTime(timezone=True), onupdate=func.now())


class SoftDeleted(Auditable):
    __abstract__ = True
    __table_args__ = ()

    deleted_at = Column(DateTime(timezone=True))


class Role(Auditable):
    __tablename__ = "role"

    name = Column(String(40), nullable=False, unique=True)
    level = Column(Integer, nullable=False, server_default=text("0"))


class Person(SoftDeleted):
    __tablename__ = "person"

    login = Column(String(60), nullable=False, unique=True)
    role_id = Column(Integer, ForeignKey("role.id"), nullable=False)
    locale = Column(String(5))


class Session(SoftDeleted):
    __tablename__ = "session"
    __table_args__ = (Index("ix_session_token", "token", unique=True),)

    token = Column(String(64), nullable=False)
    person_id = Column(Integer, ForeignKey("person.id"), nullable=False)
    address = Column(String(45))
