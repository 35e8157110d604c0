"""What ends a run of migrations before its end; what is committed by then stays, and the next run goes on."""

from __future__ import annotations

from pgwright_runtime.errors import Error
from pgwright_runtime.migrations.looking import Mode


class MigrationStopped(Error):
    """A run of migrations ended before its end."""


class RunnerBusy(MigrationStopped):
    """Another run is at work on the same database."""


class TableHeld(MigrationStopped):
    """What a revision needs is held by others, longer than the patience lasts."""


class StillQueued(MigrationStopped):
    """A revision holds up the app each time it is tried."""


class NotResumable(MigrationStopped):
    """An interrupted revision cannot be gone on with: it changed, or nobody can tell what was done."""


class Unhealthy(MigrationStopped):
    """The database or the app is not well enough for the next revision."""


class SteppedBack(Error):
    """The watch found somebody who waited too long while nothing of ours ran; caught, and the revision tried again."""


class TableInTheWay(Error):
    """Somebody old holds what the next statement needs; nothing was asked of the server yet. Caught, and waited for."""

    def __init__(self, who: str, needs: tuple[tuple[str, Mode], ...]) -> None:
        self.who, self.needs = who, needs
        super().__init__(who)
