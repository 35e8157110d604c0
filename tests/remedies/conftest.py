"""An Alembic directory for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.alembic_project import Project
from tests.support.database import Database


@pytest.fixture
def project(tmp_path: Path, database: Database) -> Project:
    return Project(tmp_path, database)
