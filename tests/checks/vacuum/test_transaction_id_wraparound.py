from __future__ import annotations

import pytest

from tests.support.builders import make_server, make_snapshot, make_table, run

CHECK = "transaction-id-wraparound"


@pytest.mark.parametrize(("age", "severity"), [(600_000_000, "medium"), (1_200_000_000, "high")])
def test_severity_grows_with_the_age(age: int, severity: str) -> None:
    tables = make_table("old", frozen_age=age), make_table("young", frozen_age=5)
    (finding,) = run(CHECK, make_snapshot(*tables, server=make_server(transaction_id_age=age)))
    assert (finding.object, finding.severity, finding.sql) == ("shop", severity, "VACUUM (FREEZE) public.old")


def test_quiet_at_ages_that_are_normal() -> None:
    assert run(CHECK, make_snapshot(server=make_server(transaction_id_age=210_000_000))) == []


def test_an_age_of_the_catalogs_asks_for_a_vacuum_of_the_database() -> None:
    (finding,) = run(CHECK, make_snapshot(server=make_server(transaction_id_age=600_000_000)))
    assert finding.sql.endswith("VACUUM (FREEZE)")
