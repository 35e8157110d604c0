from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pgwright.model.dependent import Dependent, DependentKind
from pgwright.model.finding import Finding
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Sequence
from pgwright.snapshot import read_snapshot
from tests.support.builders import evidence, make_snapshot, make_table, not_examined, qualified, run
from tests.support.database import Database

CHECK = "sequence-near-limit"
LIMIT = 2**31 - 1


def _snapshot(last: int | None, *, limit: int = LIMIT, increment: int = 1, column: str = "id integer") -> Snapshot:
    sequence = Sequence(qualified("event_id_seq"), qualified("event"), "id", last, limit, increment)
    return make_snapshot(make_table("event", column, rows_inserted=5), sequences=(sequence,))


def _one(last: int, **fields: Any) -> Finding:
    (finding,) = run(CHECK, _snapshot(last, **fields))
    return finding


@pytest.mark.parametrize(("part", "severity"), [(0.55, "low"), (0.75, "medium"), (0.95, "high")])
def test_severity_grows_with_the_share_that_is_used(part: float, severity: str) -> None:
    assert _one(int(LIMIT * part)).severity == severity


def test_quiet_below_half() -> None:
    assert run(CHECK, _snapshot(LIMIT // 3)) == []


def test_proposes_to_widen_column_and_sequence() -> None:
    assert _one(LIMIT).sql == (
        "ALTER TABLE public.event ALTER COLUMN id TYPE bigint;\nALTER SEQUENCE public.event_id_seq AS bigint"
    )


def test_an_identity_column_widens_its_sequence_itself() -> None:
    finding = _one(LIMIT, column="id integer GENERATED ALWAYS AS IDENTITY")
    assert finding.sql == "ALTER TABLE public.event ALTER COLUMN id TYPE bigint"


def test_a_narrow_sequence_on_a_wide_column_is_widened_alone() -> None:
    assert _one(LIMIT, column="id bigint").sql == "ALTER SEQUENCE public.event_id_seq AS bigint"


def test_a_sequence_that_feeds_no_column_stops_no_insert() -> None:
    alone = Sequence(qualified("ticket"), None, None, LIMIT, LIMIT, 1)
    (finding,) = run(CHECK, make_snapshot(sequences=(alone,)))
    assert (finding.severity, "insert" in finding.message) == ("low", False)


def test_a_limit_of_an_identity_column_is_lifted() -> None:
    finding = _one(1_000, limit=1_000, column="id bigint GENERATED ALWAYS AS IDENTITY")
    assert finding.sql == "ALTER TABLE public.event ALTER COLUMN id SET NO MAXVALUE"
    assert "rewrites" not in finding.advice


@pytest.mark.parametrize("kind", ["view", "materialized view", "rule"])
def test_no_statement_that_a_view_refuses(kind: DependentKind) -> None:
    seen = replace(_snapshot(LIMIT), dependents=(Dependent(qualified("event"), "id", kind, "seen"),))
    (finding,) = run(CHECK, seen)
    assert finding.sql == ""
    assert "seen has to be dropped before" in finding.advice


def test_the_table_that_owns_a_sequence_comes_before_one_that_inherits(database: Database) -> None:
    database.execute("CREATE TABLE parent (id bigserial); CREATE TABLE archive () INHERITS (parent)")
    (sequence,) = read_snapshot(database.dsn).sequences
    assert sequence.table == qualified("parent")


def test_a_descending_sequence_is_left_alone() -> None:
    assert run(CHECK, _snapshot(LIMIT, increment=-1)) == []


def test_not_examined_when_the_last_value_is_hidden() -> None:
    hidden = NotExamined("last values", "no right", "GRANT it", ("sequences",), relations=(qualified("event_id_seq"),))
    (missing,) = not_examined(CHECK, replace(_snapshot(None), not_examined=(hidden,)))
    assert (missing.what, missing.remedy) == ("sequence-near-limit of event_id_seq", "GRANT it")


def test_a_sequence_that_was_never_used_is_far_from_its_limit() -> None:
    """As where the app makes the ids, and the table holds rows."""
    assert run(CHECK, _snapshot(None)) == []
    assert not_examined(CHECK, _snapshot(None)) == []


def test_a_sequence_that_starts_over_has_no_limit() -> None:
    snapshot = _snapshot(LIMIT)
    assert run(CHECK, replace(snapshot, sequences=(replace(snapshot.sequences[0], starts_over=True),))) == []


def test_a_limit_of_its_own_is_lifted_too() -> None:
    assert _one(99, limit=100, column="id bigint").sql == "ALTER SEQUENCE public.event_id_seq AS bigint NO MAXVALUE"


def test_a_sequence_that_counts_up_to_zero_is_used_up_there() -> None:
    finding = _one(0, limit=0)
    assert (finding.severity, evidence(finding)["limit"]) == ("high", "0")
