from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of all models."""
