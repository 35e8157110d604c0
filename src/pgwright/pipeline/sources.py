"""The sources that checks read; a new one is a folder that reads it, and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from pgwright.database import mask
from pgwright.errors import BrokenCheck, ConfigError, PgwrightError
from pgwright.model.advice import Advice
from pgwright.model.endpoints import ProbedApp
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.pipeline.advise import read_advice
from pgwright.pipeline.probe import read_app
from pgwright.pipeline.question import Question


@dataclass(frozen=True)
class Source:
    """Where findings come from: something that is read into a value, which checks judge."""

    name: str
    """In words, as it stands in a reason: "the index advisor"."""
    value: type
    """What it is read into, and what its checks read."""
    read: Callable[[Question], object]
    """Returns the value, or NotExamined where nobody asked for it or something that it needs is missing."""

    def answer(self, question: Question) -> object:
        """Return the value, or NotExamined with the reason; a source that fails stops no other one.

        Raises: BrokenCheck. ConfigError: what was asked for cannot be, as a server where none is.
        """
        try:
            return self.read(question)
        except (BrokenCheck, ConfigError):
            raise
        except (PgwrightError, psycopg.Error, OSError) as error:
            reason = mask(str(error).strip()) or type(error).__name__
            return NotExamined(self.name, f"{self.name} failed: {reason}")


SOURCES = (
    Source("the database", Snapshot, lambda question: question.snapshot),
    Source("the index advisor", Advice, read_advice),
    Source("the probe of the app", ProbedApp, read_app),
)
