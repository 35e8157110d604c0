from __future__ import annotations

from pgwright.indexes.names import conventional_name, free_name
from pgwright.model.names import QualifiedName
from tests.support.builders import make_index, make_snapshot, make_table

T = QualifiedName("public", "t")


def test_a_name_is_taken_by_any_relation_of_the_schema() -> None:
    snapshot = make_snapshot(make_table("t"), make_table("ix_t_a"), make_index("ix_t_a_2", "t", "id"))
    assert conventional_name(snapshot, T, ("a",)) == "ix_t_a_3"
    assert conventional_name(snapshot, QualifiedName("other", "t"), ("a",)) == "ix_t_a"


def test_a_number_finds_room_in_a_name_of_full_length() -> None:
    long = "x" * 70
    assert free_name(long, "public", set()) == "x" * 63
    assert free_name(long, "public", {QualifiedName("public", "x" * 63)}) == "x" * 61 + "_2"
    assert free_name("ä" * 40, "public", {QualifiedName("public", "ä" * 31)}) == "ä" * 30 + "_2"
