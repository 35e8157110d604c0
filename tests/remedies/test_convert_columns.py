"""A conversion to the letter: the statements that users deploy, and what they are warned of."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.change import ColumnConversion, ConvertColumns, DetachedKey
from pgwright.model.names import QualifiedName
from pgwright.model.remedy import Remedy, Step
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Sequence
from pgwright.remedies.convert_columns import render
from tests.support.builders import make_foreign_key, make_index, make_snapshot, make_table

A, B, C = (QualifiedName("public", name) for name in "abc")
KEY = DetachedKey("b_a_id_fkey", B, "FOREIGN KEY (a_id) REFERENCES a(id) ON DELETE CASCADE")
TABLES = (
    make_table("a", "id text, code text", rows=1_000_000),
    make_table("b", "id bigint, a_id text", rows=1_000),
    make_table("c", "id text"),
)


def uuid(table: QualifiedName, column: str, **fields: object) -> ColumnConversion:
    known = ColumnConversion(table, column, "text", "uuid", None, "hyphenated")
    return replace(known, **fields)  # type: ignore[arg-type]


def converted(
    *columns: ColumnConversion, snapshot: Snapshot | None = None, keys: tuple[DetachedKey, ...] = ()
) -> Remedy:
    return render(ConvertColumns(columns, keys), snapshot or make_snapshot(*TABLES, schema_sql="-- none"))


def sql(steps: tuple[Step, ...]) -> list[str]:
    """Return the statements after those that look at the values."""
    return [step.sql for step in steps if not step.sql.startswith("DO ")]


def test_one_column_and_the_key_at_it() -> None:
    snapshot = make_snapshot(*TABLES, make_foreign_key("b", "a_id", "a"), schema_sql="-- none")
    remedy = converted(uuid(A, "id"), uuid(B, "a_id", uuid_format="plain"), snapshot=snapshot, keys=(KEY,))
    assert remedy.title == "Convert 2 columns of 2 tables to uuid"
    assert sql(remedy.upgrade) == [
        "LOCK TABLE public.a, public.b IN ACCESS EXCLUSIVE MODE",
        "ALTER TABLE public.b DROP CONSTRAINT IF EXISTS b_a_id_fkey",
        "ALTER TABLE public.a ALTER COLUMN id TYPE uuid USING id::uuid",
        "ALTER TABLE public.b ALTER COLUMN a_id TYPE uuid USING a_id::uuid",
        (
            "ALTER TABLE public.b\n    ADD CONSTRAINT b_a_id_fkey FOREIGN KEY (a_id)\n"
            "        REFERENCES a(id) ON DELETE CASCADE NOT VALID"
        ),
        "ANALYZE public.a, public.b",
        "ALTER TABLE public.b VALIDATE CONSTRAINT b_a_id_fkey",
        "VACUUM public.a, public.b",
    ]
    assert sql(remedy.downgrade)[2:4] == [
        "ALTER TABLE public.a ALTER COLUMN id TYPE text USING id::text",
        "ALTER TABLE public.b\n    ALTER COLUMN a_id TYPE text USING replace(a_id::text, '-', '')",
    ]
    checks = [step for step in remedy.upgrade if step.sql.startswith("DO ")]
    assert [(step.lock, step.is_transactional, step.tables) for step in checks] == [
        ("ACCESS SHARE", True, ("public.a", "public.b"))
    ]
    rest = [step for step in remedy.upgrade if step not in checks]
    assert {(step.lock, step.is_transactional, step.waits_long) for step in rest[:-2]} == {
        ("ACCESS EXCLUSIVE", True, False)
    }
    assert {(step.lock, step.is_transactional, step.waits_long) for step in rest[-2:]} == {
        ("SHARE UPDATE EXCLUSIVE", False, True)
    }
    assert not any(step.sql.startswith("DO ") for step in remedy.downgrade)


def test_a_referenced_table_is_locked_with_the_others() -> None:
    snapshot = make_snapshot(*TABLES, make_foreign_key("b", "a_id", "a"), schema_sql="-- none")
    remedy = converted(uuid(B, "a_id"), snapshot=snapshot, keys=(KEY,))
    assert sql(remedy.upgrade)[0] == "LOCK TABLE public.a, public.b IN ACCESS EXCLUSIVE MODE"
    assert sql(remedy.upgrade)[-1] == "VACUUM public.b"


def test_many_tables_stand_on_lines_of_their_own() -> None:
    remedy = converted(uuid(A, "id"), uuid(B, "a_id"), uuid(C, "id"))
    assert sql(remedy.upgrade)[0] == (
        "LOCK TABLE\n    public.a,\n    public.b,\n    public.c\nIN ACCESS EXCLUSIVE MODE"
    )
    assert sql(remedy.upgrade)[-1] == "VACUUM\n    public.a,\n    public.b,\n    public.c"


def test_defaults_go_before_the_type_and_come_after_it() -> None:
    remedy = converted(uuid(A, "id", default="(gen_random_uuid())::text", from_type="character(36)"), uuid(A, "code"))
    up, down = sql(remedy.upgrade)[1], sql(remedy.downgrade)[1]
    assert up == (
        "ALTER TABLE public.a\n    ALTER COLUMN id DROP DEFAULT,\n    ALTER COLUMN id TYPE uuid USING id::text::uuid,\n"
        "    ALTER COLUMN id SET DEFAULT gen_random_uuid(),\n    ALTER COLUMN code TYPE uuid USING code::uuid"
    )
    assert down == (
        "ALTER TABLE public.a\n    ALTER COLUMN id DROP DEFAULT,\n"
        "    ALTER COLUMN id TYPE character(36) USING id::text,\n"
        "    ALTER COLUMN id SET DEFAULT (gen_random_uuid())::text,\n    ALTER COLUMN code TYPE text USING code::text"
    )
    assert remedy.model_hint == (
        'a.id: mapped_column(Uuid(as_uuid=False), server_default=text("gen_random_uuid()"))\n'
        "a.code: mapped_column(Uuid(as_uuid=False))"
    )


def test_a_collation_comes_back() -> None:
    table = make_table("a", "id text")
    table = replace(table, columns=(replace(table.columns[0], collation='"de-x-icu"'),))
    remedy = converted(uuid(A, "id"), snapshot=make_snapshot(table, schema_sql="-- none"))
    assert sql(remedy.downgrade)[1].endswith('TYPE text COLLATE "de-x-icu" USING id::text')


def test_integers_take_their_sequences_along() -> None:
    table = make_table("a", "id integer, n integer GENERATED BY DEFAULT AS IDENTITY")
    own = Sequence(QualifiedName("public", "a_id_seq"), A, "id", 7, 2**31 - 1, 1)
    of_identity = Sequence(QualifiedName("public", "a_n_seq"), A, "n", 7, 2**31 - 1, 1)
    free = Sequence(QualifiedName("public", "free"), None, None, 7, 2**31 - 1, 1)
    snapshot = make_snapshot(table, sequences=(own, of_identity, free), schema_sql="-- none")
    columns = [ColumnConversion(A, name, "integer", "bigint", None) for name in ("id", "n")]
    remedy = converted(*columns, snapshot=snapshot)
    assert remedy.title == "Convert 2 columns of 1 table to bigint"
    assert sql(remedy.upgrade)[1:3] == [
        "ALTER TABLE public.a\n    ALTER COLUMN id TYPE bigint,\n    ALTER COLUMN n TYPE bigint",
        "ALTER SEQUENCE public.a_id_seq AS bigint",
    ]
    assert sql(remedy.downgrade)[1:3] == [
        "ALTER TABLE public.a\n    ALTER COLUMN id TYPE integer,\n    ALTER COLUMN n TYPE integer",
        "ALTER SEQUENCE public.a_id_seq AS integer",
    ]
    assert sql(remedy.upgrade) == [step.sql for step in remedy.upgrade], "no value is looked at"
    assert remedy.model_hint == "a.id: mapped_column(BigInteger)\na.n: mapped_column(BigInteger)"


def test_a_key_is_not_broken_within_a_name() -> None:
    odd = replace(KEY, definition='FOREIGN KEY ("a REFERENCES b") REFERENCES a(id)')
    (added,) = (text for text in sql(converted(uuid(A, "id"), keys=(odd,)).upgrade) if "ADD CONSTRAINT" in text)
    assert f"ADD CONSTRAINT b_a_id_fkey {odd.definition} NOT VALID" in added


def test_keys_that_are_not_validated_or_partitioned_are_not_validated_afterwards() -> None:
    not_valid = replace(KEY, definition=KEY.definition + " NOT VALID")
    assert not [text for text in sql(converted(uuid(B, "a_id"), keys=(not_valid,)).upgrade) if "VALIDATE" in text]
    partitioned = make_snapshot(TABLES[0], replace(TABLES[1], kind="partitioned table"), schema_sql="-- none")
    texts = sql(converted(uuid(B, "a_id"), snapshot=partitioned, keys=(KEY,)).upgrade)
    assert not [text for text in texts if "VALID" in text]


def test_texts_that_become_one_uuid_are_looked_for_in_unique_indexes_of_their_own() -> None:
    unique = make_index("uq", "a", "code, id", is_unique=True)
    plain, part = make_index("ix", "a", "id"), make_index("uq_part", "a", "id", is_unique=True, parent="whole")
    snapshot = make_snapshot(*TABLES, unique, plain, part, schema_sql="-- none")
    blocks = [step.sql for step in converted(uuid(A, "id"), snapshot=snapshot).upgrade if step.sql.startswith("DO ")]
    assert len(blocks) == 2
    assert "('public.a', 'code, id', 'code, id::text::uuid', 'code IS NOT NULL AND id IS NOT NULL')" in blocks[1]
    assert blocks[1].count("public.a") == 1


def test_how_long_and_how_large() -> None:
    # 200 MB at 25 MB a second.
    remedy = converted(uuid(A, "id"))
    assert remedy.seconds_estimate == 8.0
    assert "Nobody reads or writes a while they are rewritten: about 8 s, estimated." in remedy.warning
    assert "It needs about 200 MB of free disk meanwhile." in remedy.warning
    assert not remedy.is_safe
    unknown = QualifiedName("public", "new")
    stated = converted(uuid(unknown, "id", table_bytes=50_000_000))
    assert stated.seconds_estimate == 2.0
    assert "about 1 MB" in converted(uuid(C, "id")).warning


def test_what_is_warned_of_and_what_is_not() -> None:
    capitals = "Capital letters in the old texts come back small in the downgrade."
    both = "Some columns hold both spellings of UUIDs: the downgrade writes all with hyphens."
    unread = "The snapshot has no schema text, so nobody looked for functions that use these tables."
    for uuid_format, expected in (("mixed", {both, capitals}), ("plain", {capitals}), ("hyphenated", {capitals})):
        warning = converted(uuid(A, "id", uuid_format=uuid_format)).warning
        assert {sentence for sentence in (both, capitals, unread) if sentence in warning} == expected
    numbers = converted(ColumnConversion(B, "id", "integer", "bigint", None), snapshot=make_snapshot(*TABLES)).warning
    assert capitals not in numbers
    assert unread in numbers
    schema = "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT count(*) FROM a';"
    named = converted(uuid(A, "id"), snapshot=make_snapshot(*TABLES, schema_sql=schema)).warning
    assert "See whether these functions bear the new type: f." in named
    assert "See whether" not in converted(uuid(C, "id"), snapshot=make_snapshot(*TABLES, schema_sql=schema)).warning
    triggers = (
        "CREATE TRIGGER told AFTER INSERT OR UPDATE OF x ON public.a FOR EACH ROW EXECUTE FUNCTION app.told();\n"
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON public.b NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW "
        "WHEN ((new.x > 1)) EXECUTE PROCEDURE public.\"of B\"('a');\n"
    )
    for table, functions in ((A, "app.told"), (B, '"of B"')):
        change = uuid(table, "id")
        warning = converted(change, snapshot=make_snapshot(*TABLES, schema_sql=triggers)).warning
        assert f"See whether these functions bear the new type: {functions}." in warning
