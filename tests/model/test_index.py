from __future__ import annotations

import pytest

from pgwright.model.index import IndexDefinition, IndexKey, index_name
from pgwright.model.names import QualifiedName
from tests.support.builders import make_index

TABLE = QualifiedName("public", "job")


def definition(*keys: IndexKey, **fields: object) -> IndexDefinition:
    return IndexDefinition("ix", TABLE, keys, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (IndexKey("a"), "a"),
        (IndexKey("Odd"), '"Odd"'),
        (IndexKey(None, "lower(a)"), "(lower(a))"),
        (IndexKey("a", is_descending=True), "a DESC"),
        (IndexKey("a", is_descending=True, nulls_first=True), "a DESC"),
        (IndexKey("a", is_descending=True, nulls_first=False), "a DESC NULLS LAST"),
        (IndexKey("a", nulls_first=True), "a NULLS FIRST"),
        (IndexKey("a", nulls_first=False), "a"),
        (
            IndexKey("a", operator_class="text_pattern_ops", collation='"C"', is_descending=True),
            'a COLLATE "C" text_pattern_ops DESC',
        ),
    ],
)
def test_key_is_written_as_create_index_takes_it(key: IndexKey, text: str) -> None:
    assert key.sql() == text


def test_columns_end_at_the_first_expression() -> None:
    assert definition(IndexKey("a"), IndexKey(None, "lower(b)"), IndexKey("c")).columns == ("a",)


def test_statement_has_every_part_in_its_place() -> None:
    whole = definition(
        IndexKey("a"),
        include=("b", "User"),
        predicate="c IS NULL",
        is_unique=True,
        nulls_not_distinct=True,
        parameters=("fillfactor=70",),
    )
    assert whole.sql(concurrently=True, if_not_exists=True, only=True) == (
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix ON ONLY public.job (a) "
        'INCLUDE (b, "User") NULLS NOT DISTINCT WITH (fillfactor=70) WHERE c IS NULL'
    )
    assert whole.outline == '(a) INCLUDE (b, "User") WHERE c IS NULL'
    assert definition(IndexKey("a"), method="gin").outline == "USING gin (a)"
    assert definition(IndexKey("a")).named("other").sql() == "CREATE INDEX other ON public.job (a)"


@pytest.mark.parametrize(
    "fields", [{"is_unique": True}, {"is_exclusion": True}, {"constraint": "key"}, {"is_replica_identity": True}]
)
def test_what_correctness_rests_on_enforces(fields: dict[str, object]) -> None:
    assert make_index("ix", "job", "a", **fields).enforces
    assert not make_index("ix", "job", "a").enforces


def test_name_is_cut_to_what_postgresql_keeps() -> None:
    assert index_name(TABLE, ("a", "b"), "where") == "ix_job_a_b_where"
    assert index_name(TABLE, ("c" * 40, "d" * 40)) == f"ix_job_{'c' * 40}_{'d' * 15}"
