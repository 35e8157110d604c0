"""The isolation of one unit of work; the pool's connection has its own again afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

Level = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


@dataclass(frozen=True)
class Isolation:
    """How a transaction begins. `SERIALIZABLE READ ONLY DEFERRABLE` waits for a snapshot that can never fail.

    Raises: ValueError: the level is none of PostgreSQL's, or DEFERRABLE would have no effect.
    """

    level: Level
    read_only: bool = False
    deferrable: bool = False

    def __post_init__(self) -> None:
        if self.level not in get_args(Level):
            raise ValueError(f"an isolation level is one of {', '.join(get_args(Level))}, not {self.level!r}")
        if self.deferrable and not (self.read_only and self.level == "SERIALIZABLE"):
            raise ValueError("deferrable has an effect only for SERIALIZABLE and read_only=True")

    def options(self) -> dict[str, Any]:
        """Return execution options of a connection, which SQLAlchemy undoes when it goes back to its pool."""
        options: dict[str, Any] = {"isolation_level": self.level}
        if self.read_only:
            options["postgresql_readonly"] = True
        if self.deferrable:
            options["postgresql_deferrable"] = True
        return options
