from __future__ import annotations

import pytest

from pgwright.model.change import DropIndex, RebuildIndex
from pgwright.model.finding import Finding
from tests.support.builders import make_index, make_snapshot, make_table, run

CHECK = "invalid-index"


def _run(name: str = "ix_job", **fields: object) -> list[Finding]:
    return run(CHECK, make_snapshot(make_table("job"), make_index(name, "job", "id", **fields)))


def test_fires_and_rebuilds() -> None:
    (finding,) = _run(is_valid=False)
    assert isinstance(finding.changes[0], RebuildIndex)


def test_quiet_for_a_valid_index() -> None:
    assert _run() == []


@pytest.mark.parametrize("name", ["ix_job_ccnew", "ix_job_ccnew1", "ix_job_ccold"])
def test_a_leftover_of_reindex_is_dropped(name: str) -> None:
    (finding,) = _run(name, is_valid=False)
    assert isinstance(finding.changes[0], DropIndex)


def test_an_index_that_a_constraint_owns_is_rebuilt_in_place() -> None:
    (finding,) = _run(is_valid=False, constraint="ix_job")
    assert (finding.changes, finding.sql) == ((), "REINDEX INDEX CONCURRENTLY public.ix_job")


def test_a_partitioned_index_with_missing_parts_is_for_a_person() -> None:
    parent = make_table("event", kind="partitioned table")
    leaf = make_table("event_1", parent="event")
    head = make_index("ix", "event", "id", is_valid=False)
    part = make_index("ix_1", "event_1", "id", parent="ix")
    (finding,) = run(CHECK, make_snapshot(parent, leaf, head, part))
    assert (finding.object, finding.changes) == ("ix", ())
    assert "ATTACH PARTITION" in finding.advice


def test_a_partitioned_index_without_any_part_is_for_a_person() -> None:
    parent = make_table("event", kind="partitioned table")
    (finding,) = run(CHECK, make_snapshot(parent, make_index("ix", "event", "id", is_valid=False)))
    assert finding.changes == ()
