"""Ein Verein führt seine Mitglieder – Müller, Łukasz, 李雷 – und ihre Beiträge. 🏸"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, Numeric, String, Text, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Mitglied(Base):
    """Jemand, der Beiträge zahlt."""

    __tablename__ = "mitglied"
    __table_args__ = (UniqueConstraint("nummer", name="mitglied_nummer"), Index("ix_mitglied_straße", "straße"), CheckConstraint("nummer <> ''", name="nummer_da"), {"comment": "Wer einmal unterschrieben hat; Ehrenmitglieder zahlen nichts, stehen aber auch hier, damit die Post sie erreicht – so beschlossen am 3. März 1987 von der Mitgliederversammlung in der Turnhalle („Antrag 4b“), gegen die Stimme des Kassenwarts, der seitdem eine eigene Liste führt."})

    id: Mapped[int] = mapped_column(primary_key=True)
    nummer: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(100))  # »Nachname, Vorname«
    straße: Mapped[str | None] = mapped_column(String(100))
    größe_cm: Mapped[int | None] = mapped_column(Integer, index=True)
    ausgetreten: Mapped[datetime | None] = mapped_column(DateTime)

    beiträge: Mapped[list["Beitrag"]] = relationship(back_populates="mitglied")


class Beitrag(Base):
    __tablename__ = "beitrag"

    id: Mapped[int] = mapped_column(primary_key=True)
    mitglied_id: Mapped[int] = mapped_column(ForeignKey("mitglied.id"))
    jahr: Mapped[int]
    art: Mapped[str] = mapped_column(String(20), default="jährlich")
    betrag: Mapped[float] = mapped_column(Numeric(8, 2))  # in €
    bezahlt_am: Mapped[date | None] = mapped_column(Date)

    mitglied: Mapped[Mitglied] = relationship(back_populates="beiträge")
