"""The list of erased persons and what is made of it after a restore; and the signed report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, create_engine, inspect

import pgwright_runtime.erasure.alembic  # noqa: F401
from pgwright_runtime.erasure import (
    ErasedList,
    InvalidReport,
    erase,
    replay,
    signed_report,
    verify_report,
)
from pgwright_runtime.erasure.ledger import person_hashes
from pgwright_runtime.erasure.operations import CreateErasedPersonsOp
from runtime.tests.support.erasure_shop import SECRET, make_erasure, make_shop
from tests.support.database import Database

OTHER = "another secret, of next year"


@pytest.fixture
def shop(database: Database) -> Database:
    make_shop(database)
    return database


@pytest.fixture
def engine(shop: Database) -> Iterator[Engine]:
    engine = create_engine(shop.url("psycopg"))
    yield engine
    engine.dispose()


def with_table(engine: Engine) -> None:
    with engine.begin() as connection:
        Operations(MigrationContext.configure(connection)).create_erased_persons()  # type: ignore[attr-defined]


def test_the_table_is_made_and_dropped_by_operations(engine: Engine) -> None:
    with_table(engine)
    assert inspect(engine).has_table("pgwright_erased")
    with engine.begin() as connection:
        Operations(MigrationContext.configure(connection)).invoke(CreateErasedPersonsOp().reverse())
    assert not inspect(engine).has_table("pgwright_erased")


def test_whom_a_restore_brings_back_is_erased_again(shop: Database, engine: Engine, tmp_path: Path) -> None:
    # The backup is the shop as it is now.
    listed, declared = ErasedList(tmp_path / "erased.jsonl"), make_erasure()
    backup = f"{shop.name}_backup"
    shop.server.create_database(backup, template=shop.name)
    try:
        for person in (3, 7):
            assert erase(engine, declared, person, secret=SECRET, erased_list=listed).notes[:-1] == ()
        restored = create_engine(shop.server.url(backup, "psycopg"))
        done = replay(restored, declared, secret=[OTHER, SECRET], erased_list=listed)
        assert [one.status for one in done] == ["erased", "erased"]
        assert Database(shop.server, backup).rows("SELECT count(*) FROM users WHERE id IN (3, 7)") == [(0,)]
        assert Database(shop.server, backup).rows("SELECT count(*) FROM users") == [(18,)]
        assert replay(restored, declared, secret=SECRET, erased_list=listed) == []
        restored.dispose()
    finally:
        shop.server.drop_database(backup)


def test_the_table_is_a_list_too(shop: Database, engine: Engine) -> None:
    with_table(engine)
    outcome = erase(engine, make_erasure(), 3, secret=SECRET)
    assert any("only the list in this database" in note for note in outcome.notes)
    assert shop.rows("SELECT person, subject FROM pgwright_erased") == [(outcome.person, "public.users")]
    shop.execute("INSERT INTO users VALUES (3, 'user3@shop.test', false, NULL)")
    assert len(replay(engine, make_erasure(), secret=SECRET)) == 1


def test_the_list_outside_is_written_before_the_commit(shop: Database, engine: Engine, tmp_path: Path) -> None:
    missing = ErasedList(tmp_path / "no such folder" / "erased.jsonl")
    with pytest.raises(OSError, match="no such folder"):
        erase(engine, make_erasure(), 3, secret=SECRET, erased_list=missing)
    assert shop.rows("SELECT count(*) FROM users WHERE id = 3") == [(1,)]


def test_a_list_holds_hashes_only_and_says_which_line_is_none(engine: Engine, tmp_path: Path) -> None:
    listed = ErasedList(tmp_path / "erased.jsonl")
    outcome = erase(engine, make_erasure(), 3, secret=SECRET, erased_list=listed)
    entry = json.loads(listed.path.read_text())
    assert (entry["person"], set(entry)) == (outcome.person, {"subject", "person", "at"})
    assert listed.path.stat().st_mode & 0o077 == 0
    listed.path.write_text(listed.path.read_text() + "\n{}\n")
    with pytest.raises(ValueError, match=r"line 3 of .* is no entry"):
        listed.persons("public.users")


def test_a_hash_tells_nothing_without_the_secret() -> None:
    [first] = person_hashes("public.users", ["7"], SECRET)
    assert first != person_hashes("public.users", ["7"], OTHER)[0]
    assert first != person_hashes("public.admins", ["7"], SECRET)[0]
    assert person_hashes("public.users", ["7"], [OTHER, SECRET])[1] == first


def test_a_report_holds_as_it_was_signed_and_with_each_secret_in_turn(engine: Engine) -> None:
    outcome = erase(engine, make_erasure(), 3, secret=SECRET)
    report = signed_report(outcome, SECRET)
    told = verify_report(report, [OTHER, SECRET])
    assert (told["status"], told["rows"], told["kind"]) == ("erased", outcome.rows, "erasure-report")
    assert "user3" not in report


@pytest.mark.parametrize("change", ["rows", "signature", "secret", "nothing", "algorithm", "list"])
def test_a_report_that_was_changed_does_not_hold(engine: Engine, change: str) -> None:
    document = json.loads(signed_report(erase(engine, make_erasure(), 3, secret=SECRET), SECRET))
    if change == "rows":
        document["tables"][0]["deleted"] += 1
    elif change == "signature":
        document["signature"]["value"] = "é" * 64
    elif change == "algorithm":
        document["signature"]["algorithm"] = "none"
    elif change == "nothing":
        del document["signature"]
    elif change == "list":
        document = [document]
    with pytest.raises(InvalidReport):
        verify_report(json.dumps(document), OTHER if change == "secret" else SECRET)


def test_a_short_secret_is_refused_before_anything(engine: Engine) -> None:
    with pytest.raises(ValueError, match="needs 16 at least"):
        erase(engine, make_erasure(), 3, secret="short")
