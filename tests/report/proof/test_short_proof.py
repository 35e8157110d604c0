"""Of a long proof a terminal shows what speaks against the fix and what gains most; --all shows the rest."""

from __future__ import annotations

from dataclasses import replace

from pgwright.report import Screen, render
from tests.support import samples

(WRITE,) = samples.PROOF.writes
FAST = replace(samples.PROOF.statements[0], not_compared=())
PLANNED = samples.PROOF.planned[0]
ALL = Screen(shows_all=True)
MANY = replace(
    samples.PROOF,
    statements=(
        *(replace(FAST, text=f"SELECT {number} FROM t", calls=number) for number in range(30)),
        replace(FAST, text="SELECT 'slow' FROM t", calls=1, verdict="slower"),
    ),
    writes=(*(replace(WRITE, table=f"t{n}", verdict="same") for n in range(30)), replace(WRITE, table="dear")),
    planned=tuple(replace(PLANNED, text=f"SELECT {number} FROM p") for number in range(30)),
)


def test_what_got_slower_comes_first_then_what_gains_most_by_its_calls() -> None:
    text = render(MANY, "terminal")
    shown = [line.split("  ")[0] for line in text.splitlines() if line.startswith("SELECT")]
    assert shown == ["SELECT 'slow' FROM t", *(f"SELECT {number} FROM t" for number in (29, 28, 27, 26, 25))]
    assert "… and 25 more statements; --all shows everything." in text
    assert all(f"SELECT {number} FROM t" in render(MANY, "terminal", ALL) for number in range(30))


def test_of_the_writes_those_that_got_slower_come_first() -> None:
    text = render(MANY, "terminal")
    first = text.split("Price on writes (measured)\n")[1].splitlines()[1]
    assert first.startswith("dear ")
    assert "… and 28 more writes; --all shows everything." in text


def test_plans_are_shown_where_they_got_dearer_or_are_all_there_is() -> None:
    assert "By planned cost none of 30 statements got dearer; --all shows their costs." in render(MANY, "terminal")
    dearer = replace(PLANNED, text="SELECT 'dear' FROM p", cost_after=PLANNED.cost_before * 2)
    text = render(replace(MANY, planned=(*MANY.planned, dearer)), "terminal")
    assert "SELECT 'dear' FROM p" in text
    assert "… and 30 more statements; --all shows everything." in text
    alone = render(replace(MANY, statements=()), "terminal")
    assert "… and 15 more statements; --all shows everything." in alone
    assert render(MANY, "terminal", ALL).count(" FROM p") == 30


def test_each_row_of_a_short_table_takes_one_line() -> None:
    long = replace(FAST, text=f"SELECT id FROM t WHERE {' AND '.join(f'column_{n} = ${n}' for n in range(20))}")
    lines = render(replace(MANY, statements=(long,)), "terminal").split("Statements (")[1].split("\n\n")[0].splitlines()
    assert len(lines) == 3
    assert "…  " in lines[2]
    assert max(map(len, lines)) <= 100
