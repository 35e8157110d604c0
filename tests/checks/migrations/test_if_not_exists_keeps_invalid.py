"""The rule `if-not-exists-keeps-invalid`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "if-not-exists-keeps-invalid"


def _built(table: str, first: str = "pass") -> str:
    return f"""
with op.get_context().autocommit_block():
    {first}
    op.create_index("ix", "{table}", ["title"], postgresql_concurrently=True, if_not_exists=True)
"""


def test_fires_on_a_large_table(rules: Rules) -> None:
    assert rules.objects(CHECK, _built("note")) == ["note (ix)"]


def test_quiet_on_a_small_table(rules: Rules) -> None:
    assert rules.objects(CHECK, _built("small")) == []


def test_quiet_when_a_leftover_is_dropped_first(rules: Rules) -> None:
    first = 'op.drop_index("ix", table_name="note", postgresql_concurrently=True, if_exists=True)'
    assert rules.objects(CHECK, _built("note", first)) == []


_BY_CREATE_INDEX = """
from pgwright_runtime.migrations import create_index
with op.get_context().autocommit_block():
    create_index("public.ix", "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON public.note (title)")
    {after}
"""


def test_quiet_when_create_index_drops_an_invalid_one(rules: Rules) -> None:
    assert rules.objects(CHECK, _BY_CREATE_INDEX.format(after="")) == []


def test_fires_on_the_build_after_one_that_looked(rules: Rules) -> None:
    after = 'op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_two ON public.note (id, title)")'
    assert rules.objects(CHECK, _BY_CREATE_INDEX.format(after=after)) == ["note (ix_two)"]
