from __future__ import annotations

import pytest

from pgwright.model.change import CascadeDelete
from pgwright.model.policy import Policy
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ReferentialAction
from tests.support.builders import make_foreign_key, make_snapshot, make_table, run

CHECK = "foreign-key-without-cascade"
USERS = make_table("users", primary_key=("id",), rows_deleted=7)
NOTE = make_table("note", "user_id bigint")


def _snapshot(action: ReferentialAction, definition: str = "FOREIGN KEY (user_id) REFERENCES users(id)") -> Snapshot:
    return make_snapshot(
        USERS,
        NOTE,
        make_foreign_key("note", "user_id", "users", on_delete=action, definition=definition),
        policy=Policy(cascade=("note (user_id)",)),
    )


@pytest.mark.parametrize("action", ["no action", "restrict"])
def test_fires_once_for_each_parent_as_information(action: ReferentialAction) -> None:
    (finding,) = run(CHECK, _snapshot(action))
    assert (finding.object, finding.severity) == ("users", "info")


@pytest.mark.parametrize("action", ["cascade", "set null", "set default"])
def test_quiet_when_the_database_takes_care(action: ReferentialAction) -> None:
    assert run(CHECK, _snapshot(action)) == []


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("", " ON DELETE CASCADE"),
        (" ON DELETE RESTRICT", " ON DELETE CASCADE"),
        (
            " ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED",
            " ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
        ),
        (" NOT VALID", " ON DELETE CASCADE NOT VALID"),
    ],
)
def test_keeps_everything_else_of_the_constraint(tail: str, expected: str) -> None:
    definition = "FOREIGN KEY (user_id) REFERENCES users(id)"
    (finding,) = run(CHECK, _snapshot("no action", definition + tail))
    (change,) = finding.changes
    assert isinstance(change, CascadeDelete)
    assert change.cascading == f"{definition}{expected}"
    assert change.definition == definition + tail


def test_quiet_for_a_key_that_is_not_enforced() -> None:
    definition = "FOREIGN KEY (user_id) REFERENCES users(id) NOT ENFORCED"
    assert run(CHECK, _snapshot("no action", definition)) == []


def test_children_of_one_parent_are_listed_together() -> None:
    other = make_table("tag", "user_id bigint")
    keys = make_foreign_key("note", "user_id", "users"), make_foreign_key("tag", "user_id", "users")
    (finding,) = run(CHECK, make_snapshot(USERS, NOTE, other, *keys))
    assert finding.evidence[0].value == "note (user_id), tag (user_id)"
    assert 'cascade = ["note (user_id)", "tag (user_id)"]' in finding.advice


def test_changes_the_keys_alone_that_the_team_names() -> None:
    other = make_table("tag", "user_id bigint")
    keys = make_foreign_key("note", "user_id", "users"), make_foreign_key("tag", "user_id", "users")
    (finding,) = run(CHECK, make_snapshot(USERS, NOTE, other, *keys))
    assert finding.changes == ()
    stated = Policy(cascade=("tag (user_id)",))
    (finding,) = run(CHECK, make_snapshot(USERS, NOTE, other, *keys, policy=stated))
    (change,) = finding.changes
    assert isinstance(change, CascadeDelete)
    assert change.name == "tag_user_id_fkey"


def test_quiet_for_a_temporal_key() -> None:
    definition = "FOREIGN KEY (user_id, PERIOD valid) REFERENCES users(id, PERIOD valid)"
    assert run(CHECK, _snapshot("no action", definition)) == []
    named = 'FOREIGN KEY ("PERIOD x") REFERENCES users(id)'
    assert len(run(CHECK, _snapshot("no action", named))) == 1
