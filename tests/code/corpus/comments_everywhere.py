#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: nobody. This file has more comments than code.
"""Module docstring."""
# before the imports
from datetime import datetime  # standard library
from sqlalchemy import (  # the ORM's core
    ForeignKey,  # keys
    # types
    String, Text,
)
from sqlalchemy import Index  # isort: skip
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column  # the ORM

# two lines above the base


class Base(DeclarativeBase):  # the base
    # nothing in it
    pass  # really


# --- members -------------------------------------------------------------


class Member(Base):  # one person
    # the table
    __tablename__ = "member"  # singular
    # its arguments
    __table_args__ = (  # a tuple
        # first an index
        Index(  # by name
            "ix_member_name",  # the name of the index
            "name",  # its only column
            # and nothing else
        ),  # end of the index
        # second index: city
        Index("ix_member_city", "city"),  # dropped once, came back
        # last words
    )  # end of arguments

    # the key
    id: Mapped[int] = mapped_column(primary_key=True)  # serial
    name: Mapped[str] = mapped_column(  # as in the passport
        # at most so long
        String(100),  # characters
    )
    city: Mapped[str | None] = mapped_column(String(60))  # noqa: E501
    email: Mapped[str] = mapped_column(String(254), unique=True)  # type: ignore[assignment]
    # fmt: off
    joined   : Mapped[datetime]         # aligned by hand
    left     : Mapped[datetime | None]  # aligned by hand
    # fmt: on
    # the end of the class


# --- messages ------------------------------------------------------------


class Message(Base):
    """Docstring of the class."""  # and its comment

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)  # slow without
    text: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(
        String(10),
        # TODO: an enum?
        index=True,  # the inbox filters by it
        default="mail",
    )
    at: Mapped[datetime]

    # trailing comment of the class, indented


# the last line is a comment without a newline