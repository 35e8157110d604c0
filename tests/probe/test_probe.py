"""A probe of a real app on a real server: what is named, what is clean, what could not be looked at."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from pgwright.errors import ConnectionFailed, ProbeError
from pgwright.model.policy import Policy
from tests.probe.conftest import Probing, endpoint, reason
from tests.probe.shop_app import TOKEN
from tests.support.database import Database

SIGNED_IN = (("Authorization", f"Bearer {TOKEN}"),)


def test_an_endpoint_whose_queries_grow_is_named_with_relationship_line_and_option(probing: Probing) -> None:
    result = probing(only=("/orders",))
    small, large = endpoint(result, "GET /orders").calls
    assert (small.size, small.queries, small.rows) == ("limit=3", 4, 3)
    assert (large.size, large.queries, large.rows, large.rows_fetched) == ("limit=30", 31, 30, 330)
    (finding,) = result.findings
    assert (finding.key, finding.confidence) == ("n-plus-one:GET /orders: Order.items", "certain")
    assert finding.advice == "Add selectinload(Order.items) to the query of Order."
    assert {one.name: one.value for one in finding.evidence}["statement"].startswith("30 × SELECT")
    place = finding.place
    assert place is not None
    assert place.file.endswith("shop_app.py")
    line = Path(place.file).read_text().splitlines()[place.line - 1]
    assert "order.items" in line


def test_a_repaired_endpoint_is_clean(probing: Probing) -> None:
    result = probing(only=("/orders-fixed",))
    assert [call.queries for call in endpoint(result, "GET /orders-fixed").calls] == [2, 2]
    assert result.findings == ()
    assert endpoint(result, "GET /orders-fixed").growth == 0


def test_a_statement_that_repeats_without_growing_is_another_finding(probing: Probing) -> None:
    (finding,) = probing(only=("/settings",)).findings
    assert (finding.check, finding.severity) == ("repeated-statement", "low")
    assert finding.object == "GET /settings: SELECT name FROM users WHERE id = $1"
    assert finding.message == "One call runs this statement 3 times."


def test_an_eager_load_that_no_call_reads_is_a_finding(probing: Probing) -> None:
    (finding,) = probing(only=("/users-eager",)).findings
    assert finding.key == "unused-eager-load:GET /users-eager: User.orders"
    assert finding.advice == "Drop selectinload(User.orders)."


def test_with_one_size_only_a_lazy_load_is_likely(probing: Probing) -> None:
    result = probing(only=("/newest",))
    assert (endpoint(result, "GET /newest").varied, endpoint(result, "GET /newest").growth) == ("nothing", None)
    (finding,) = result.findings
    assert (finding.key, finding.confidence) == ("n-plus-one:GET /newest: Order.items", "likely")


def test_growth_that_nothing_explains_is_told_as_possible(probing: Probing) -> None:
    (finding,) = probing(only=("/odd",)).findings
    assert (finding.object, finding.confidence) == ("GET /odd", "possible")
    assert "from 3 to 30" in finding.message


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_async_engines_are_seen_as_sync_ones(
    probing: Probing, shop: Database, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", shop.url(driver))
    result = probing("create_async")
    assert [finding.key for finding in result.findings] == ["n-plus-one:GET /orders: Order.items"]
    assert endpoint(result, "GET /orders-fixed").growth == 0
    assert {one.name for one in result.endpoints} >= {"GET /visit", "GET /visit-autocommit"}
    assert shop.rows("SELECT count(*) FROM visits") == [(0,)]


def test_without_a_page_size_a_parent_with_few_and_one_with_many_children_are_asked_for(probing: Probing) -> None:
    result = probing(only=("/users/{user_id}/orders",))
    probed = endpoint(result, "GET /users/{user_id}/orders")
    assert probed.varied == "data"
    # User 1 has most orders, but is deleted.
    assert [(call.size, call.rows) for call in probed.calls][1] == ("user_id=2", 40)
    assert probed.calls[0].rows in (2, 3)
    assert [finding.key for finding in result.findings] == ["n-plus-one:GET /users/{user_id}/orders: Order.items"]


def test_ids_of_a_nested_path_belong_together(probing: Probing) -> None:
    result = probing(only=("/users/{user_id}/orders/{order_id}",))
    probed = endpoint(result, "GET /users/{user_id}/orders/{order_id}")
    assert all(call.rows == 10 for call in probed.calls), "an order of another user would be 404"


def test_whatever_a_handler_does_leaves_no_row(probing: Probing, shop: Database) -> None:
    result = probing(only=("/visit*",))
    assert {one.name for one in result.endpoints} == {"GET /visit", "GET /visit-autocommit"}
    assert "in a read-only transaction" in reason(result, "GET /visit-raw")
    assert "as text would commit" in reason(result, "GET /visit-textual")
    assert shop.rows("SELECT count(*) FROM visits") == [(0,)]
    assert shop.rows("SELECT nextval('visits_id_seq') > 1") == [(True,)], "they did insert, and it was undone"


def test_what_could_not_be_called_is_listed_with_the_reason(probing: Probing) -> None:
    result = probing(only=("/failing", "/private", "/search", "/stream"), skip=(), timeout_s=0.5)
    assert result.endpoints == ()
    assert reason(result, "GET /failing").startswith("the handler raised RuntimeError: no way")
    assert "shop_app.py:" in reason(result, "GET /failing")
    assert reason(result, "GET /private") == "it answers 401 Unauthorized"
    assert reason(result, "GET /search") == "no value is known for term"
    assert reason(result, "GET /stream") == "the answer was not whole after 0.5 s"


def test_headers_and_parameters_open_what_was_closed_and_secrets_are_not_shown(probing: Probing) -> None:
    given = {"headers": SIGNED_IN, "parameters": {"term": "maps"}}
    result = probing(only=("/failing", "/private", "/search"), **given)
    assert {one.name for one in result.endpoints} == {"GET /private", "GET /search"}
    assert TOKEN not in repr(result)
    assert "no way with ***" in reason(result, "GET /failing")
    wrong = probing(only=("/private",), headers=(("Authorization", "Bearer another"),))
    assert reason(wrong, "GET /private") == "it answers 403 Forbidden"


def test_a_secret_that_the_database_holds_is_not_shown(probing: Probing) -> None:
    result = probing(only=("/invites/{token}",))
    assert [call.size for call in endpoint(result, "GET /invites/{token}").calls] == ["token=***", "token=***"]
    assert "invited-" not in repr(result)


def test_the_cost_on_the_server_stands_beside_the_finding(probing: Probing, shop: Database) -> None:
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        for order in range(50):
            connection.execute(
                "SELECT items.id, items.order_id, items.title FROM items WHERE %s::INTEGER = items.order_id", (order,)
            )
    (finding,) = probing(only=("/orders",)).findings
    (cost,) = [one for one in finding.evidence if one.name == "on the server"]
    assert cost.origin == "read"
    assert "50 calls" in cost.value, "the probe's own calls are not among them"
    ids = shop.rows(
        "SELECT queryid FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
        "WHERE datname = current_database() AND query LIKE '%items.order_id' AND query LIKE 'SELECT items.id%'"
    )
    assert set(finding.queries) <= {row[0] for row in ids}
    assert finding.queries


def test_ids_are_read_by_another_dsn_or_not_at_all(probing: Probing, shop: Database) -> None:
    told = probing(only=("/users/{user_id}/orders",), dsn=shop.dsn)
    assert told.database == shop.name
    with pytest.raises(ConnectionFailed):
        probing(dsn=shop.server.dsn("no_such_database"))


def test_what_the_policy_allows_is_left_out_and_named(probing: Probing) -> None:
    key = "n-plus-one:GET /orders: Order.items"
    result = probing(only=("/orders",), policy=Policy(allow=(key,)))
    assert (result.findings, result.allowed) == ((), (key,))


@pytest.mark.parametrize(
    ("app", "is_factory", "said"),
    [
        ("shop_app", False, "it is no module:attribute"),
        ("probe.nowhere:app", False, "the import failed: ModuleNotFoundError"),
        ("tests.probe.shop_app:nothing", False, "has no attribute 'nothing'"),
        ("tests.probe.shop_app:TOKEN", False, "it is str, which cannot be called"),
        ("tests.probe.shop_app:open_session", True, "the factory failed: TypeError"),
        (
            "tests.probe.shop_app:create_without_startup",
            True,
            "its startup failed: RuntimeError: no queue to be reached",
        ),
        ("tests.probe.shop_app:plain", False, "it has no OpenAPI schema"),
        ("tests.probe.shop_app:create_empty", True, "its OpenAPI schema has no GET endpoint"),
    ],
)
def test_an_app_that_cannot_be_probed_is_told_with_the_reason(
    probing: Probing, app: str, is_factory: bool, said: str
) -> None:
    with pytest.raises(ProbeError) as caught:
        probing(app=app, is_factory=is_factory)
    assert said in str(caught.value)


def test_a_database_that_is_down_is_told(probing: Probing, shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://app:s3cret@127.0.0.1:9/shop")
    with pytest.raises(ConnectionFailed, match=r"cannot connect to app@127.0.0.1:9/shop") as caught:
        probing()
    assert "s3cret" not in str(caught.value)


def test_no_path_that_fits_is_told(probing: Probing) -> None:
    with pytest.raises(ProbeError, match="no path fits"):
        probing(only=("/nowhere",))
