"""`pgwright fix --online`: what it writes, and what it asks for first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.database import Database

SCHEMA = """
CREATE TABLE tag (id varchar(36) PRIMARY KEY, at timestamp NOT NULL DEFAULT now());
CREATE TABLE tagging (id bigint PRIMARY KEY, tag_id varchar(36) REFERENCES tag);
INSERT INTO tag SELECT gen_random_uuid() FROM generate_series(1, 2000);
INSERT INTO tagging SELECT row_number() OVER (), id FROM tag;
ANALYZE tag, tagging;
SELECT pg_stat_statements_reset();
"""


@pytest.fixture
def tags(shop: Database) -> Database:
    shop.execute(SCHEMA)
    return shop


def written(alembic: Path) -> list[str]:
    folder = alembic.parent / "migrations" / "versions"
    return [path.read_text() for path in sorted(folder.glob("fix1*.py"))]


def test_a_named_finding_becomes_four_revisions(run: Run, tags: Database, alembic: Path) -> None:
    result = run("fix", tags.dsn, "--rev-id", "fix1", "--online", "--runtime", "--only", "text-uuid-key")
    assert result.exit_code == 0, result.output
    texts = written(alembic)
    assert len(texts) == 4
    assert "op.declare_backfill(" in "".join(texts)
    for text in texts:
        compile(text, "revision.py", "exec")
    assert "pgwright_new" in result.stdout


def test_small_tables_keep_the_plain_rewrite(run: Run, tags: Database, alembic: Path) -> None:
    result = run("fix", tags.dsn, "--rev-id", "fix1", "--online", "--runtime")
    assert result.exit_code == 0, result.output
    texts = written(alembic)
    assert texts
    assert "op.declare_backfill(" not in "".join(texts)


def test_a_stated_zone_is_written_alone(run: Run, tags: Database, alembic: Path) -> None:
    result = run("fix", tags.dsn, "--rev-id", "fix1", "--online", "--runtime", "--timestamptz", "tag.at=UTC")
    assert result.exit_code == 0, result.output
    texts = written(alembic)
    assert len(texts) == 4
    assert not any("uuid" in text for text in texts)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--no-runtime",), "--online needs pgwright-runtime in the app"),
        (("--runtime", "--sql", "-"), "--online needs Alembic"),
        (("--runtime", "--prove"), "measure the rewrite"),
        (("--runtime", "--timestamptz", "tag.at=Nowhere"), "is no time zone"),
    ],
)
def test_what_no_series_could_run_with_is_an_error(
    run: Run, tags: Database, alembic: Path, flags: tuple[str, ...], said: str
) -> None:
    result = run("fix", tags.dsn, "--online", *flags)
    assert result.exit_code == 2
    assert said in result.stderr
    assert written(alembic) == []
