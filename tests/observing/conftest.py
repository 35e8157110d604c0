"""An app with one pending revision, observed on a twin."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.embedded import EmbeddedServer
from tests.support.database import Database
from tests.support.linting import Linter

SCHEMA = """
CREATE TABLE note (id int PRIMARY KEY, title text, state varchar(20));
CREATE TABLE tag (id int, note_id int);
CREATE INDEX note_state ON note (state)
"""


@pytest.fixture
def linter(database: Database, twin_server: EmbeddedServer, tmp_path: Path) -> Linter:
    twin_server.require_owner()
    return Linter(database, twin_server, tmp_path)
