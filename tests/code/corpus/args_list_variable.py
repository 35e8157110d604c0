from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import declarative_base

Base = declarative_base()

TICKET_ARGS = [
    UniqueConstraint("number", name="uq_ticket_number"),
    Index("ix_ticket_state", "state"),
    Index("ix_ticket_opened_at", "opened_at"),
]


class Agent(Base):
    __tablename__ = "agent"

    indexes = [Index("ix_agent_team", "team")]
    __table_args__ = tuple(indexes)

    id = Column(Integer, primary_key=True)
    name = Column(String(100), nullable=False)
    team = Column(String(50))
    left_at = Column(DateTime)


class Ticket(Base):
    __tablename__ = "ticket"
    __table_args__ = tuple(TICKET_ARGS)

    id = Column(Integer, primary_key=True)
    number = Column(String(20), nullable=False)
    state = Column(String(20), nullable=False)
    subject = Column(String(200))
    agent_id = Column(Integer, ForeignKey("agent.id"))
    opened_at = Column(DateTime, nullable=False)
    closed_at = Column(DateTime)
