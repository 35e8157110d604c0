"""Settings, roles, and who is connected."""

from __future__ import annotations

from pgwright.database import ReadOnlyDatabase
from pgwright.model.not_examined import NotExamined
from pgwright.model.server import Role, RoleSetting, Session, Setting
from pgwright.snapshot.grants import Grants
from pgwright.snapshot.tables import PACKAGE


def read_settings(database: ReadOnlyDatabase) -> tuple[Setting, ...]:
    """Return the server's settings as a new session of our role gets them."""
    return tuple(Setting(**row) for row in database.read(PACKAGE, "settings"))


def read_role_settings(database: ReadOnlyDatabase) -> tuple[RoleSetting, ...]:
    """Return what ALTER ROLE … SET and ALTER DATABASE … SET fixed."""
    return tuple(RoleSetting(**row) for row in database.read(PACKAGE, "role_settings"))


def read_roles(database: ReadOnlyDatabase) -> tuple[Role, ...]:
    """Return the roles that may log in."""
    return tuple(Role(**row) for row in database.read(PACKAGE, "roles"))


def read_sessions(database: ReadOnlyDatabase, grants: Grants, missing: list[NotExamined]) -> tuple[Session, ...]:
    """Return the clients' connections, the longest transaction first."""
    sessions = tuple(Session(**row) for row in database.read(PACKAGE, "sessions"))
    hidden = sum(not session.state for session in sessions)
    if hidden:
        missing.append(
            NotExamined(
                f"{hidden} of {len(sessions)} sessions",
                "the server hides what other roles do",
                grants.monitor(),
            )
        )
    return sessions
