"""A team reads the body: it is short, true to what was measured, and no name in it calls anybody."""

from __future__ import annotations

from dataclasses import replace

from pgwright.model.change import DropIndex
from pgwright.model.gain import Gain, MeasuredGain
from pgwright.model.names import QualifiedName
from pgwright.model.remedy import Remedy
from pgwright.report import render
from pgwright.report.quoting import prose
from tests.support import samples

REQUEST = samples.PULL_REQUEST
PROOF = samples.PROOF
FIRST = samples.FIX.remedies[0]
FAST = replace(PROOF.statements[0], not_compared=())
(WRITE,) = PROOF.writes


def body_of(*remedies: Remedy) -> str:
    fix = replace(REQUEST.fix, remedies=remedies)
    return render(replace(REQUEST, fix=fix, revisions=(replace(REQUEST.revisions[0], remedies=remedies),)), "markdown")


def test_five_indexes_with_all_there_is_to_say_stay_below_120_lines() -> None:
    numbers = range(5)
    findings = tuple(replace(samples.DIAGNOSIS.findings[0], object=f"t{n}", queries=(100 + n,)) for n in numbers)
    remedies = tuple(
        replace(FIRST, findings=(one.key,), measured=(MeasuredGain(100 + n, 9.0, 0.1), MeasuredGain(200 + n, 8.0, 0.1)))
        for n, one in zip(numbers, findings, strict=True)
    )
    proof = replace(
        PROOF,
        statements=tuple(replace(FAST, query_id=100 * i + n, text=f"SELECT {n}") for i in (1, 2) for n in numbers),
        writes=tuple(replace(WRITE, table=f"t{n}") for n in range(12)),
    )
    fix = replace(
        REQUEST.fix, remedies=remedies, proof=proof, models=None, refused=REQUEST.fix.refused * 9,
        not_examined=REQUEST.fix.not_examined * 9, later=REQUEST.fix.later * 9,
    )  # fmt: skip
    request = replace(
        REQUEST, fix=replace(fix, models=replace(REQUEST.fix.models, by_hand=())) if REQUEST.fix.models else fix,
        answered=findings, left=REQUEST.left * 9, revisions=(replace(REQUEST.revisions[0], remedies=remedies),),
    )  # fmt: skip
    assert len(render(request, "markdown").splitlines()) < 120


def test_a_dropped_index_says_what_it_frees_and_that_taking_it_back_builds_it() -> None:
    drop = DropIndex(QualifiedName("public", "ix_old"), QualifiedName("public", "users"), "CREATE INDEX …", 8192)
    step = replace(FIRST.upgrade[0], sql="DROP INDEX CONCURRENTLY ix_old", lock="ACCESS EXCLUSIVE", builds="")
    body = body_of(
        replace(
            FIRST, title="Drop index ix_old of users", change=drop, upgrade=(step,), measured=(), gain=Gain(None, 8192)
        )
    )
    assert "It drops 1 index by 1 Alembic revision" in body
    assert "| frees 8.0 kB and the upkeep on each write | ACCESS EXCLUSIVE |" in body
    assert "it builds ix\\_old again" in body
    assert "idx_scan" not in body
    assert "indisvalid" not in body


def test_what_got_slower_comes_before_what_got_faster() -> None:
    slower = replace(FAST, query_id=7, text="SELECT 'slow'", verdict="slower")
    fix = replace(REQUEST.fix, proof=replace(PROOF, statements=(FAST, slower)))
    table = render(replace(REQUEST, fix=fix), "markdown").split("## Measured")[1].splitlines()
    rows = [line for line in table if line.startswith("| `")]
    assert rows[0].startswith("| `SELECT 'slow'`")
    assert rows[0].endswith("| equal, slower |")


def test_where_models_were_left_alone_their_lines_are_a_task() -> None:
    body = render(samples.UNMEASURED, "markdown")
    assert "**To do by hand, before it is merged:**" in body
    assert "\n- [ ] Create index" in body


def test_the_server_is_told_without_who_connects_where() -> None:
    assert PROOF.measured_on is not None
    place = replace(PROOF.measured_on, server="me@staging.internal:5432/postgres", source="app@db.internal:5432/shop")
    body = render(replace(REQUEST, fix=replace(REQUEST.fix, proof=replace(PROOF, measured_on=place))), "markdown")
    assert ", on a staging server (PostgreSQL " in body
    assert "internal" not in body


def test_what_a_forge_would_act_on_is_code() -> None:
    for text in ("ask @team", "closes #1", "see https://evil.test", "see www.evil.test", "fixes GH-1"):
        assert prose(text) == f"`{text}`"
    assert prose("a_b") == r"a\_b"


def test_a_name_of_several_lines_stays_on_one_in_the_queries() -> None:
    step = replace(FIRST.upgrade[0], builds='public."a\nDROP TABLE b; --\\"')
    assert "to_regclass(E'public.\"a\\nDROP TABLE b; --\\\\\"')" in body_of(replace(FIRST, upgrade=(step,)))
