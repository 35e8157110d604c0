import uuid

from sqlalchemy import Column, DateTime, ForeignKey, Index, String, TypeDecorator
from sqlalchemy.orm import declarative_base


class GUID(TypeDecorator):
    """UUIDs for every database: text."""

    impl = String(36)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else str(value)

    def process_result_value(self, value, dialect):
        return None if value is None else uuid.UUID(value)


class Lower(TypeDecorator):
    impl = String
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return value.lower() if value else value


BY_HAND = {
    "person.id": "of a type of the app",
    "pet.id": "of a type of the app",
    "pet.person_id": "of a type of the app",
}

Base = declarative_base()


class Person(Base):
    __tablename__ = "person"
    __table_args__ = (Index("ix_person_nick", "nick"),)

    id = Column(GUID(), primary_key=True, default=uuid.uuid4)
    email = Column(Lower(254), unique=True, nullable=False)
    nick = Column(Lower(40))
    left_at = Column(DateTime)


class Pet(Base):
    __tablename__ = "pet"

    id = Column(GUID, primary_key=True, default=uuid.uuid4)
    person_id = Column(GUID(), ForeignKey("person.id"), nullable=False, index=True)
    name = Column(String(40))
    kind = Column(Lower(20), nullable=False)
