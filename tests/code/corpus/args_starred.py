import typing

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, String, func
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


class Sized:
    __table_args__: typing.Any = (CheckConstraint("bytes >= 0"),)

    bytes = Column(Integer, nullable=False, default=0)


COMMON = [{"comment": "in the bucket"}]


class Folder(Base):
    __tablename__ = "folder"

    id = Column(Integer, primary_key=True)
    path = Column(String(500), nullable=False, unique=True)
    owner = Column(String(80), nullable=False)
    removed_at = Column(DateTime)


class File(Sized, Base):
    __tablename__ = "file"
    __table_args__ = (
        *Sized.__table_args__,
        Index("ix_file_folder_id_name", "folder_id", "name"),
        *COMMON,
    )

    id = Column(Integer, primary_key=True)
    folder_id = Column(Integer, ForeignKey("folder.id"), nullable=False)
    name = Column(String(255), nullable=False)
    mime = Column(String(80))
    uploaded_at = Column(DateTime, server_default=func.now())


class Preview(Sized, Base):
    __tablename__ = "preview"
    __table_args__ = (*Sized.__table_args__, Index("ix_preview_format", "format"))

    id = Column(Integer, primary_key=True)
    file_id = Column(Integer, ForeignKey("file.id"), nullable=False)
    format = Column(String(8), nullable=False)
    made_at = Column(DateTime)
