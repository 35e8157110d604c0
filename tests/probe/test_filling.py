"""Where values come from: names that mean a table, foreign keys, answers of lists."""

from __future__ import annotations

import pytest

from pgwright.database import connect
from pgwright.probe.catalog import Catalog, read_catalog
from pgwright.probe.filling import Filling, Known, fill
from pgwright.probe.openapi import Endpoint, Parameter
from tests.support.database import Database

SCHEMA = """
CREATE TABLE organizations (id bigint PRIMARY KEY, slug text);
CREATE TABLE app_courier (id bigint PRIMARY KEY, boss_id bigint REFERENCES organizations);
CREATE SCHEMA odd;
CREATE TABLE odd."50%" (id bigint PRIMARY KEY, "co""%l" bigint REFERENCES app_courier);
INSERT INTO organizations SELECT n, 'slug-' || n FROM generate_series(1, 3) AS n;
INSERT INTO app_courier SELECT n, 1 + n % 2 FROM generate_series(1, 9) AS n;
INSERT INTO odd."50%" SELECT n, 7 FROM generate_series(1, 5) AS n
"""


def fill_from(
    database: Database, path: str, *parameters: Parameter, answers: dict[str, object] | None = None
) -> Filling:
    with connect(database.dsn) as opened:
        catalog: Catalog = read_catalog(opened, ("deleted_at",))
    return fill(Endpoint(path, parameters), Known(database.dsn, catalog, {}, frozenset(), answers or {}))


def values(filling: Filling) -> list[str]:
    return [next(iter(size.candidates[0].values())) for size in filling.sizes]


def path(name: str) -> Parameter:
    return Parameter(name, "path", True, {"type": "string"})


@pytest.mark.parametrize(
    ("parameter", "where", "wanted"),
    [
        (path("courier_id"), "/couriers/{courier_id}", ["7"]),
        (path("courierId"), "/couriers/{courierId}", ["7"]),
        (path("id"), "/app-couriers/{id}", ["7"]),
        (path("slug"), "/organizations/{slug}", ["slug-1", "slug-2", "slug-3"]),
        (Parameter("X-Organization-Id", "header", True, {}), "/couriers", ["1", "2"]),
        (Parameter("boss_id", "query", True, {}), "/couriers", ["1", "2"]),
    ],
)
def test_a_name_means_a_column_whose_values_exist(
    database: Database, parameter: Parameter, where: str, wanted: list[str]
) -> None:
    database.execute(SCHEMA)
    assert set(values(fill_from(database, where, parameter))) <= set(wanted)


def test_parents_with_few_and_with_many_children_are_two_sizes(database: Database) -> None:
    database.execute(SCHEMA)
    database.execute("INSERT INTO app_courier SELECT n, 3 FROM generate_series(100, 120) AS n")
    filling = fill_from(database, "/organizations/{organization_id}", path("organization_id"))
    assert filling.varied == "data"
    assert values(filling)[-1] == "3"
    assert values(filling)[0] in ("1", "2")


def test_where_no_table_fits_the_answer_of_the_list_gives_the_id(database: Database) -> None:
    answers: dict[str, object] = {"/reports": {"items": [{"id": "r7"}, {"id": "r8"}]}}
    assert values(fill_from(database, "/reports/{id}", path("id"), answers=answers)) == ["r7"]
    assert fill_from(database, "/reports/{id}", path("id")).unfilled == ("id",)
