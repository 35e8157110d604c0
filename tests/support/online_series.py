"""A series of revisions in an app's Alembic directory, stage by stage, and what it comes to."""

from __future__ import annotations

from sqlalchemy import create_engine

from pgwright.model.change import ConvertOnline
from pgwright.model.finding import Finding
from pgwright.remedies import go_online, in_parts
from pgwright_runtime.backfills import run_backfills
from pgwright_runtime.batches import Pace
from tests.support.alembic_project import Project

STAGES = ("expand", "build", "swap", "contract")


class Series:
    """The revisions `expand`, `build`, `swap` and `contract`, each named after its stage."""

    def __init__(self, project: Project, *findings: Finding) -> None:
        self.project = project
        snapshot = project.snapshot()
        self.plain = project.plan(*findings)
        self.fix = go_online(self.plain, snapshot, small_s=0)
        self.stage = "base"
        before: str | None = None
        for part in in_parts(self.fix, snapshot):
            (remedy,) = part.fix.remedies
            assert isinstance(remedy.change, ConvertOnline), self.fix.refused
            project.write(part.fix, remedy.change.stage, before, has_runtime=True)
            before = remedy.change.stage

    def to(self, stage: str) -> None:
        """Bring the database to a stage, and fill what its revisions ask for."""
        for one in STAGES[: STAGES.index(stage) + 1]:
            self.project.upgrade(one)
            self.fill()
        self.stage = stage

    def back_to(self, stage: str) -> None:
        """Take the database back to a stage, one revision after the other; "base": to before the first."""
        stages = ("base", *STAGES)
        for one in reversed(stages[stages.index(stage) : stages.index(self.stage)]):
            self.project.downgrade(one)
            self.fill()
        self.stage = stage

    def fill(self) -> None:
        engine = create_engine(self.project.database.url("psycopg"))
        run_backfills(engine, pace=Pace(first_rows=1_000, busy=1))
        engine.dispose()


def comparable(dump: str) -> list[str]:
    """Return a dump in an order that does not hang on that of columns, without the commas between them."""
    return sorted(line.rstrip(",") for line in dump.splitlines())
