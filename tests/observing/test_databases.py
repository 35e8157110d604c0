"""The database that revisions run on has what they find in production."""

from __future__ import annotations

from tests.support.linting import Linter

_VIEWS = """
    CREATE TABLE note (id int PRIMARY KEY, title text);
    CREATE MATERIALIZED VIEW a_titles AS SELECT title, count(*) FROM note GROUP BY title;
    CREATE MATERIALIZED VIEW a_count AS SELECT count(*) AS n FROM a_titles;
    CREATE UNIQUE INDEX ON a_titles (title);
    CREATE UNIQUE INDEX ON a_count (n)
"""


def test_materialized_views_are_populated_as_in_production(linter: Linter) -> None:
    body = """
    op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY a_titles")
    op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY a_count")
    """
    (revision,) = linter.run(body, schema=_VIEWS).revisions
    assert revision.upgrade.error == ""


def test_one_that_is_not_populated_there_stays_so(linter: Linter) -> None:
    schema = f"{_VIEWS}; REFRESH MATERIALIZED VIEW a_titles WITH NO DATA"
    (revision,) = linter.run('op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY a_titles")', schema=schema).revisions
    assert "not populated" in revision.upgrade.error
