from __future__ import annotations

from tests.support.builders import make_foreign_key, make_snapshot, make_table, run

CHECK = "duplicate-foreign-key"
TALK = make_table("talk", "id bigint, tenant_id bigint", primary_key=("id",))
MESSAGE = make_table("message", "talk_id bigint, tenant_id bigint")
KEY = make_foreign_key("message", "talk_id", "talk", name="a")


def test_the_first_by_name_is_kept() -> None:
    (finding,) = run(CHECK, make_snapshot(TALK, MESSAGE, make_foreign_key("message", "talk_id", "talk", name="b"), KEY))
    assert (finding.object, finding.severity, finding.confidence) == ("message (b)", "low", "certain")
    assert finding.sql == "ALTER TABLE public.message DROP CONSTRAINT b"


def test_the_validated_one_is_kept_and_the_order_of_columns_is_no_matter() -> None:
    one = make_foreign_key("message", "talk_id, tenant_id", "talk", "id, tenant_id", name="a", is_validated=False)
    other = make_foreign_key("message", "tenant_id, talk_id", "talk", "tenant_id, id", name="b")
    (finding,) = run(CHECK, make_snapshot(TALK, MESSAGE, one, other))
    assert finding.object == "message (a)"


def test_where_they_do_different_things_a_person_decides() -> None:
    other = make_foreign_key("message", "talk_id", "talk", name="b", on_delete="cascade")
    (finding,) = run(CHECK, make_snapshot(TALK, MESSAGE, KEY, other))
    assert (finding.sql, finding.confidence) == ("", "likely")


def test_quiet_for_other_columns_and_for_keys_to_other_tables() -> None:
    wide = make_foreign_key("message", "talk_id, tenant_id", "talk", "id, tenant_id", name="b")
    assert run(CHECK, make_snapshot(TALK, MESSAGE, KEY, wide)) == []
    room = make_table("room", "id bigint")
    assert run(CHECK, make_snapshot(TALK, room, MESSAGE, KEY, make_foreign_key("message", "talk_id", "room"))) == []


def test_quiet_for_what_a_partition_inherits_and_what_is_not_enforced() -> None:
    inherited = make_foreign_key("message", "talk_id", "talk", name="b", is_inherited=True)
    written = make_foreign_key("message", "talk_id", "talk", name="c", definition="FOREIGN KEY … NOT ENFORCED")
    assert run(CHECK, make_snapshot(TALK, MESSAGE, KEY, inherited, written)) == []
