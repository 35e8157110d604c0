"""Core only, in schemas, with the functions imported one by one."""

from sqlalchemy import Column as C
from sqlalchemy import ForeignKey as FK
from sqlalchemy import Index as Ix
from sqlalchemy import MetaData, Table, UniqueConstraint
from sqlalchemy.types import BigInteger, DateTime, Integer, String

metadata = MetaData(schema="ledger")

account = Table(
    "account",
    metadata,
    C("id", BigInteger(), primary_key=True),
    C("iban", String(34), nullable=False),
    C("holder", String(120)),
    C("closed_at", DateTime(timezone=True)),
    UniqueConstraint("iban", name="account_iban_key"),
)

booking = Table(
    "booking", metadata,
    C("id", BigInteger(), primary_key=True),
    C("account_id", Integer(), FK("ledger.account.id"), nullable=False),
    C("cents", BigInteger(), nullable=False),
    C("text", String(140)),
    C("booked_at", DateTime(timezone=True), nullable=False, index=True),
    Ix("booking_text", "text"),
)

archive = Table("booking_archive", metadata, *(C(one.name, one.type, nullable=one.nullable) for one in booking.columns if one.name != "account_id"), C("account_id", Integer()), schema="archive")

Ix("booking_account_newest", booking.c.account_id, booking.c.booked_at.desc())

report = Table(
    "report",
    metadata,
    C("id", Integer, primary_key=True),
    C("title", String(100), nullable=False, unique=True),
    C("made_by", String(60)),
    C("removed_at", DateTime),
    schema="public",
    quote=False,
)
