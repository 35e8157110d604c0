"""Ten minutes of a single-page app: each request loads its user, lists count first."""

from __future__ import annotations

from random import Random

from tests.support.corpus import Call, uuid_of

OBSERVED_SECONDS = 600.0
_USER = (
    'SELECT "user".id, "user".email, "user".is_active, "user".is_superuser, "user".full_name, "user".hashed_password'
)


def _user(random: Random) -> tuple[object, ...]:
    return (uuid_of(f"u{random.randint(1, 20_000)}"),)


def _item(random: Random) -> tuple[object, ...]:
    return (uuid_of(f"i{random.randint(1, 120_000)}"),)


CALLS = (
    # By each request: the session holds no user yet.
    Call(f'{_USER} FROM "user" WHERE "user".id = %s', 1_000, _user),
    Call(f'{_USER} FROM "user" WHERE "user".email = %s', 60, lambda r: (f"user{r.randint(1, 20_000)}@example.com",)),
    Call("SELECT count(*) AS count_1 FROM item WHERE item.owner_id = %s", 300, _user),
    Call(
        "SELECT item.id, item.title, item.description, item.owner_id, item.created_at FROM item"
        " WHERE item.owner_id = %s ORDER BY item.created_at DESC LIMIT 100 OFFSET 0",
        300,
        _user,
    ),
    Call("SELECT item.id, item.title, item.owner_id FROM item WHERE item.id = %s", 200, _item),
    Call("INSERT INTO item (title, owner_id) VALUES ('New', %s)", 60, _user),
    Call("UPDATE item SET title = 'Newer' WHERE item.id = %s", 40, _item),
    Call("DELETE FROM item WHERE item.id = %s", 20, _item),
)
