from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.database import Database

Copied = Callable[[], Database]


@pytest.fixture
def copied(database: Database) -> Iterator[Copied]:
    """Copy the database as it is by then: for the copy that gets a fix."""
    made: list[Database] = []

    def copy() -> Database:
        one = Database(database.server, f"{database.name}_after")
        database.server.create_database(one.name, template=database.name)
        made.append(one)
        return one

    yield copy
    for one in made:
        database.server.drop_database(one.name)
