"""A database with the tables of `support/jobs_queue.py`, and a sync engine on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from runtime.tests.support.jobs_queue import Base
from tests.support.database import Database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    made = create_engine(database.url("psycopg"))
    Base.metadata.create_all(made)
    yield made
    made.dispose()
