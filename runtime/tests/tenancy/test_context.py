"""Which tenant the running code works for; no database is needed for this."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from pgwright_runtime.tenancy import InvalidTenant, current_tenant, tenant

NO_IDS = ["", True, 7.0, None, "7\0", "7\n", b"7", [7]]
NO_NUMBERS = [*NO_IDS, "7; DROP TABLE couriers", "abc", " 7", "+7", "007", "1_0", "٧", "9" * 5000, 2**63, -(2**63) - 1]


def refused(value: Any, **options: Any) -> str:
    with pytest.raises(InvalidTenant) as error, tenant(value, **options):
        pytest.fail("the block was entered")
    assert isinstance(error.value, ValueError)
    assert current_tenant.get() is None
    return str(error.value)


@pytest.mark.parametrize("value", NO_IDS, ids=repr)
def test_what_no_engine_takes_is_refused_at_once(value: object) -> None:
    assert "expected a whole number, a UUID, or a text" in refused(value)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:20])
def test_an_id_that_is_no_number_is_refused_at_once_where_the_type_is_given(value: object) -> None:
    assert "expected a whole number" in refused(value, type=int)


def test_other_types_are_refused_likewise() -> None:
    assert "expected a UUID" in refused("7", type=UUID)
    assert "expected a UUID" in refused(7, type=UUID)
    assert "expected a text" in refused("7\0", type=str)


def test_a_given_type_is_what_comes_out() -> None:
    uuid = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    for value, kind, expected in (
        ("7", int, 7),
        ("6BA7B810-9dad-11d1-80b4-00c04fd430c8", UUID, uuid),
        (uuid, UUID, uuid),
        (7, str, "7"),
    ):
        with tenant(value, type=kind) as own:
            assert (own, type(own), current_tenant.get()) == (expected, kind, expected)


def test_without_one_the_value_stays_as_it_is() -> None:
    for value in (7, "7", UUID(int=7), 2**63):
        with tenant(value) as own:
            assert own is value
            assert current_tenant.get() is value


SPELLINGS = ["0x" + 30 * "1", "+" + 31 * "1", " " + 31 * "1", "1_1" + 29 * "1", 32 * "١", f"{{{UUID(int=1)}}}"]


@pytest.mark.parametrize("value", SPELLINGS)
def test_what_only_python_reads_as_a_uuid_is_refused(value: str) -> None:
    assert UUID(value)
    assert "expected a UUID" in refused(value, type=UUID)


def test_both_spellings_of_a_uuid_are_taken() -> None:
    uuid = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    for value in (str(uuid), str(uuid).upper(), uuid.hex):
        with tenant(value, type=UUID) as own:
            assert own == uuid


class OrgId(int):
    pass


@pytest.mark.parametrize("kind", [OrgId, bool, float, object, "int", []], ids=repr)
def test_a_type_that_ids_cannot_have_is_refused(kind: Any) -> None:
    with pytest.raises(ValueError, match="is int, UUID or str itself"), tenant("7", type=kind):
        pytest.fail("the block was entered")
