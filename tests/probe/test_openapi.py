"""What a schema says of endpoints and of the values that their parameters take."""

from __future__ import annotations

import pytest

from pgwright.probe.openapi import Endpoint, Parameter, read_endpoints


def query(name: str, **schema: object) -> Parameter:
    return Parameter(name, "query", False, schema)


@pytest.mark.parametrize(
    ("parameter", "sizes"),
    [
        (query("limit", type="integer"), (3, 30)),
        (query("per_page", type="integer", minimum=1, maximum=10), (3, 10)),
        (query("pageSize", type="integer", minimum=20, maximum=100), (20, 100)),
        (query("size", type="integer", maximum=1), None),
        (query("count", type="string"), None),
        (query("page", type="integer"), None),
        (Parameter("limit", "path", True, {"type": "integer"}), None),
    ],
)
def test_page_sizes_are_two_within_the_bounds(parameter: Parameter, sizes: tuple[int, int] | None) -> None:
    assert parameter.page_sizes == sizes


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "default": "open"}, "open"),
        ({"type": "string", "enum": ["a", "b"]}, "a"),
        ({"type": "integer", "minimum": 5}, "5"),
        ({"type": "boolean"}, "false"),
        ({"type": "string", "examples": {"one": {"value": "x"}}}, "x"),
        ({"type": "string"}, None),
    ],
)
def test_the_schema_suggests_a_value(schema: dict[str, object], value: str | None) -> None:
    assert query("word", **schema).suggested == value


def test_endpoints_are_read_with_references_and_alternatives_resolved_lists_first() -> None:
    document = {
        "paths": {
            "/couriers/{courier_id}": {
                "parameters": [{"name": "courier_id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "get": {"parameters": [{"$ref": "#/components/parameters/limit"}]},
            },
            "/couriers": {"get": {}, "post": {}},
            "/logout": {"post": {}},
        },
        "components": {
            "parameters": {"limit": {"name": "limit", "in": "query", "schema": {"$ref": "#/components/schemas/size"}}},
            "schemas": {"size": {"anyOf": [{"type": "null"}, {"type": "integer", "maximum": 7}]}},
        },
    }
    listed, detail = read_endpoints(document)
    assert listed == Endpoint("/couriers", ())
    assert [(one.name, one.place, one.is_required) for one in detail.parameters] == [
        ("courier_id", "path", True),
        ("limit", "query", False),
    ]
    assert detail.parameters[1].page_sizes == (3, 7)


def test_a_reference_to_itself_does_not_hang() -> None:
    document = {"paths": {"/x": {"get": {"parameters": [{"$ref": "#/paths/~1x/get/parameters"}]}}}}
    assert read_endpoints(document) == (Endpoint("/x", ()),)
