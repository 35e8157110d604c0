"""Where nearly everything lies in one schema, a short report says so once and spares its lines the name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.model.finding import Diagnosis, Finding
from pgwright.report import Screen, render
from pgwright.report.diagnosis.home_schema import home_schema, without
from tests.support import samples

LONG = "dispatch_organization_default"


def at(*objects: str) -> Diagnosis:
    finding = samples.DIAGNOSIS.findings[0]

    def one(name: str) -> Finding:
        return replace(finding, object=f"{name} (a)", message=f"{name} is read whole.", symptoms=())

    return replace(samples.DIAGNOSIS, findings=tuple(map(one, objects)), slowest=())


def test_the_short_report_leaves_out_the_schema_of_nearly_all_and_says_so() -> None:
    text = render(at(f"{LONG}.incident", f'{LONG}."case"'), "terminal", Screen(width=140))
    assert f"Names without a schema are of {LONG}." in text
    assert "missing-index  incident (a)" in text
    assert '"case" is read whole.' in text


def test_a_command_keeps_the_whole_name() -> None:
    text = render(at(f"{LONG}.incident", f"{LONG}.task"), "terminal", Screen(width=140))
    assert f"pgwright fix --only 'missing-index:{LONG}.incident (a)'" in text


def test_the_whole_report_keeps_it() -> None:
    text = render(at(f"{LONG}.incident", f"{LONG}.task"), "terminal", Screen(width=140, shows_all=True))
    assert f"{LONG}.incident (a)" in text
    assert "Names without a schema" not in text


@pytest.mark.parametrize(
    ("objects", "schema"),
    [
        (("a.x", "a.y", "a.z", "a.t", "b.x"), "a"),
        (("a.x", "a.y", "b.x"), ""),
        (("a.x",), ""),
        (("x", "y"), ""),
        (("users", "a.x", "a.y"), "a"),
        (('"A b".x', '"A b".y'), '"A b"'),
    ],
)
def test_it_is_left_out_where_few_others_are_named(objects: tuple[str, ...], schema: str) -> None:
    assert home_schema(at(*objects)) == schema


def test_only_the_schema_goes() -> None:
    said = ("FROM sales.orders o JOIN wholesales.orders w ON o.sales = w.sales", 'sales."Order"', "$sales.x")
    assert without("sales", said) == (
        "FROM orders o JOIN wholesales.orders w ON o.sales = w.sales",
        '"Order"',
        "$sales.x",
    )
