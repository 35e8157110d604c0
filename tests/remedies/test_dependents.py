"""Every remedy, on databases full of what hangs on columns and indexes: see `dependents/*.sql`."""

from __future__ import annotations

import pytest

from tests.support.database import Database
from tests.support.dependents import SCHEMAS, Schema, fix_and_compare
from tests.support.postgres import FEW, MAJOR


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
@pytest.mark.parametrize("only_safe", [True, False], ids=["safe", "default"])
def test_no_statement_fails_and_nothing_is_lost(database: Database, schema: Schema, only_safe: bool) -> None:
    if schema.since > MAJOR:
        pytest.skip(f"for PostgreSQL {schema.since}")
    if not only_safe and MAJOR not in FEW:
        pytest.skip("the whole fix is tried on the versions that every change is tested on")
    outcome = fix_and_compare(database, schema, only_safe=only_safe, with_advice=False)
    assert outcome.written
    assert (outcome.failing, outcome.lost, outcome.duplicates) == ((), (), ())
