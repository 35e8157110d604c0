"""What an app writes in a GET, at startup or past SQLAlchemy: held, refused, or named as kept."""

from __future__ import annotations

import pytest

from pgwright.errors import ProbeError
from pgwright.report import Screen, render
from tests.probe.conftest import Probing, endpoint, reason
from tests.support.database import Database

APP = "tests.probe.keeping_app"


def test_an_app_that_creates_and_seeds_its_tables_works_and_leaves_nothing(probing: Probing, shop: Database) -> None:
    result = probing(app=f"{APP}:create_seeding")
    calls = endpoint(result, "GET /visitors").calls
    assert [call.rows for call in calls] == [3, 3]
    assert result.kept == ()
    assert "all rolled back" in render(result, "terminal", Screen(width=200))
    assert shop.rows("SELECT to_regclass('visitors') IS NULL") == [(True,)]


def test_what_dblink_writes_is_named_as_kept(probing: Probing, shop: Database) -> None:
    shop.execute("CREATE EXTENSION dblink")
    result = probing(app=f"{APP}:create_linking")
    assert shop.rows("SELECT count(*) > 0 FROM visits") == [(True,)], "it does stay"
    assert result.kept == ("GET /linked",)
    assert "GET /linked used dblink" in reason(result, "statements past the transaction")
    text = render(result, "terminal", Screen(width=200))
    assert "all rolled back" not in text
    assert "rolled back, except perhaps in GET /linked" in text


def test_of_several_engines_the_one_that_gives_the_ids_is_named(probing: Probing, shop: Database) -> None:
    said = reason(probing(app=f"{APP}:create_two_engines"), "ids of other databases")
    assert f"ids come from {shop.name} on " in said
    assert "not from template1 on " in said
    given = probing(app=f"{APP}:create_two_engines", dsn=shop.dsn)
    assert "ids of other databases" not in [one.what for one in given.not_examined]


@pytest.mark.parametrize("name", ["served", "unserved"])
def test_the_schema_of_litestar_is_found(probing: Probing, name: str) -> None:
    result = probing(app=f"{APP}:{name}", is_factory=False)
    assert [one.name for one in result.endpoints] == ["GET /items"]


@pytest.mark.parametrize("name", ["flask", "flask_app"])
def test_a_wsgi_app_is_told_what_is_supported(probing: Probing, name: str) -> None:
    with pytest.raises(ProbeError, match=r"it is a WSGI app .*calls ASGI apps. FastAPI, Litestar and Starlette"):
        probing(app=f"{APP}:{name}", is_factory=False)
