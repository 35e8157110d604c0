from datetime import datetime
from typing import List, Optional

from sqlmodel import Field, Relationship, SQLModel


class Team(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    headquarters: str
    closed_at: Optional[datetime] = None

    heroes: List["Hero"] = Relationship(back_populates="team")


class Hero(SQLModel, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    name: str = Field(index=True, max_length=80)
    secret_name: str = Field(unique=True)
    age: Optional[int] = Field(default=None, index=True)
    retired_at: Optional[datetime] = Field(default=None)

    team_id: Optional[int] = Field(default=None, foreign_key="team.id")
    team: Optional[Team] = Relationship(back_populates="heroes")


class Mission(SQLModel, table=True):
    __tablename__ = "missions"

    id: int | None = Field(default=None, primary_key=True)
    hero_id: int = Field(foreign_key="hero.id", index=True, ondelete="CASCADE")
    codename: str
    place: str | None = None
    begun_at: datetime = Field(default_factory=datetime.now)
