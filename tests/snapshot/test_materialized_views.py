"""Materialized views, and what the app's runtime keeps of their refreshes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.model.materialized_view import MaterializedViewState, RefreshRecord
from pgwright.model.names import QualifiedName
from pgwright.snapshot import load_snapshot, read_snapshot, save_snapshot
from tests.support.database import Database

VIEW = """
CREATE SCHEMA "Odd"; CREATE TABLE "Odd"."T" (n int);
CREATE VIEW "Odd".w AS SELECT * FROM "Odd"."T";
CREATE MATERIALIZED VIEW "Odd"."V" AS SELECT * FROM "Odd".w;
"""
COLUMNS = "(view_name text, refreshed_at timestamptz, data_at timestamptz, every interval, max_age interval)"


def read(database: Database) -> tuple[MaterializedViewState, list[str]]:
    snapshot = read_snapshot(database.dsn, with_schema=False)
    (view,) = snapshot.materialized_views
    return view, [one.reason for one in snapshot.not_examined if "pgwright_refreshes" in one.what]


def test_a_view_is_read_with_its_sources_and_its_record_and_kept_in_a_file(database: Database, tmp_path: Path) -> None:
    database.execute(VIEW + f'CREATE TABLE "Odd".pgwright_refreshes {COLUMNS}')
    database.execute("""INSERT INTO "Odd".pgwright_refreshes VALUES
        ('V', now() - interval '1 min', now() - interval '1 h', '5 min', '15 min')""")
    view, reasons = read(database)
    assert (view.name, view.is_populated, view.sources) == (
        QualifiedName("Odd", "V"), True, (QualifiedName("Odd", "T"),)
    )  # fmt: skip
    assert view.record is not None
    assert view.record.max_age_seconds == 900.0
    assert 60 <= (view.record.refreshed_seconds or 0) < 600
    assert 3600 <= (view.record.data_seconds or 0) < 4200
    assert reasons == []
    snapshot = read_snapshot(database.dsn)
    save_snapshot(snapshot, tmp_path / "s.json")
    assert load_snapshot(tmp_path / "s.json") == snapshot


def test_moments_that_are_none_are_unknown(database: Database) -> None:
    database.execute(VIEW + f'CREATE TABLE "Odd".pgwright_refreshes {COLUMNS}')
    database.execute("""INSERT INTO "Odd".pgwright_refreshes VALUES ('V', NULL, 'infinity', NULL, NULL)""")
    assert read(database)[0].record == RefreshRecord(None, None, None)


@pytest.mark.parametrize(
    "table",
    [
        'CREATE TABLE "Odd".pgwright_refreshes (view_name text, refreshed_at text, data_at text, max_age text)',
        (
            f'CREATE TABLE "Odd".pgwright_refreshes {COLUMNS}; '
            'ALTER TABLE "Odd".pgwright_refreshes ENABLE ROW LEVEL SECURITY'
        ),
        (
            "CREATE VIEW \"Odd\".pgwright_refreshes AS SELECT 'V'::text AS view_name, now() AS refreshed_at, "
            "now() AS data_at, interval '1 h' AS max_age"
        ),
    ],
    ids=["other types", "a policy", "a view"],
)
def test_what_could_run_code_is_not_asked(database: Database, table: str) -> None:
    database.execute(VIEW + table)
    view, reasons = read(database)
    assert view.record is None
    assert "so it was not asked" in reasons[0]
