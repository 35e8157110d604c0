from __future__ import annotations

from dataclasses import replace

from pgwright.model.change import ConvertColumns
from pgwright.model.names import QualifiedName
from pgwright.model.table import Table
from tests.support.builders import make_foreign_key, make_snapshot, make_statement, make_table, run

CHECK = "foreign-key-type-mismatch"
ACCOUNT = make_table("account", "id bigint NOT NULL", primary_key=("id",))


def _invoice(type_name: str) -> tuple[object, ...]:
    return make_table("invoice", f"account_id {type_name}", rows=10), make_foreign_key(
        "invoice", "account_id", "account"
    )


def test_fires_for_an_integer_that_refers_to_a_bigint() -> None:
    (finding,) = run(CHECK, make_snapshot(ACCOUNT, *_invoice("integer")))
    (change,) = finding.changes
    assert isinstance(change, ConvertColumns)
    assert [(each.column, each.from_type, each.to_type) for each in change.columns] == [
        ("account_id", "integer", "bigint")
    ]
    assert [key.name for key in change.foreign_keys] == ["invoice_account_id_fkey"]
    assert (finding.object, finding.severity) == ("invoice (account_id)", "medium")


def test_quiet_for_equal_types() -> None:
    assert run(CHECK, make_snapshot(ACCOUNT, *_invoice("bigint"))) == []


def test_a_wider_column_is_low_and_not_changed() -> None:
    (finding,) = run(
        CHECK, make_snapshot(make_table("account", "id integer", primary_key=("id",)), *_invoice("bigint"))
    )
    assert (finding.severity, finding.changes) == ("low", ())


def test_another_family_of_types_is_for_a_person() -> None:
    (finding,) = run(CHECK, make_snapshot(ACCOUNT, *_invoice("numeric")))
    assert (finding.severity, finding.changes) == ("medium", ())


def test_varchar_and_text_are_the_same() -> None:
    account = make_table("account", "id text NOT NULL", primary_key=("id",))
    assert run(CHECK, make_snapshot(account, *_invoice("character varying(36)"))) == []


def test_a_chain_of_narrow_columns_is_widened_together() -> None:
    middle = make_table("invoice", "account_id integer NOT NULL", primary_key=("account_id",))
    last = make_table("line", "invoice_id smallint")
    keys = (
        make_foreign_key("invoice", "account_id", "account"),
        make_foreign_key("line", "invoice_id", "invoice", "account_id"),
    )
    (finding,) = run(CHECK, make_snapshot(ACCOUNT, middle, last, *keys))
    (change,) = finding.changes
    assert isinstance(change, ConvertColumns)
    assert {(each.table.name, each.to_type) for each in change.columns} == {("invoice", "bigint"), ("line", "bigint")}
    assert len(change.foreign_keys) == 2


def test_a_partition_is_not_reported_beside_its_parent() -> None:
    parent = make_table("invoice", "account_id integer", kind="partitioned table")
    leaf = make_table("invoice_1", "account_id integer", parent="invoice")
    keys = (
        make_foreign_key("invoice", "account_id", "account"),
        make_foreign_key("invoice_1", "account_id", "account", is_inherited=True),
    )
    assert len(run(CHECK, make_snapshot(ACCOUNT, parent, leaf, *keys))) == 1


def test_a_domain_keeps_its_rules() -> None:
    table, key = _invoice("small_id")
    assert isinstance(table, Table)
    column = replace(table.columns[0], base_type="int4", domain=QualifiedName("public", "small_id"))
    (finding,) = run(CHECK, make_snapshot(ACCOUNT, replace(table, columns=(column,)), key))
    assert finding.changes == ()
    assert "invoice (account_id) is of the domain small_id" in finding.advice


def test_a_statement_that_computes_with_the_column_forbids_it() -> None:
    statement = make_statement("SELECT repeat($1, account_id) FROM invoice")
    (finding,) = run(CHECK, make_snapshot(ACCOUNT, *_invoice("integer"), statement))
    assert finding.changes == ()
    assert "a statement computes with invoice (account_id), SELECT repeat" in finding.advice
