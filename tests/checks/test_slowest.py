"""The dearest statements by time, each with one word on what would help: the truth, or that nobody looked."""

from __future__ import annotations

from dataclasses import replace

from pgwright.checks import slowest_statements
from pgwright.model.advice import Advice, IndexAdvice, ServedStatement
from pgwright.model.change import CreateIndex
from pgwright.model.finding import Finding
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.worth import Worth
from pgwright.workload.reading import named
from tests.support.builders import make_advice, make_snapshot, make_statement, make_table, qualified

NOTE = make_table("note", "id bigint, author_id bigint, at timestamptz", rows=200_000)
BY_AUTHOR = make_statement("SELECT * FROM note WHERE author_id = $1", calls=900, rows=9_000, query_id=1)
BY_ID = make_statement("SELECT * FROM note WHERE id = $1", calls=90, query_id=2)
SNAPSHOT = make_snapshot(NOTE, BY_AUTHOR, BY_ID)
NEW = IndexDefinition("ix", qualified("note"), (IndexKey("author_id"),))
WORTH = Worth(saved_ms=36_000.0, saved_a_call_ms=1.0, share_of_workload=0.9, observed_seconds=8_640.0)
FINDING = Finding(
    "missing-index", "indexes", "medium", "likely", "note (author_id)", "", (), "", changes=(CreateIndex(NEW),),
    queries=(1, 2), worth=WORTH,
)  # fmt: skip
SERVED = ServedStatement(1, BY_AUTHOR.text, 900, 100.0, 1.0, 0.9)
ADVICE = make_advice(
    indexes=(IndexAdvice(NEW, (SERVED,), 1.0, 0.9, 8192, 0, 0.0, "Equality."),),
)


def verdicts(
    *findings: Finding, advice: Advice | NotExamined = ADVICE, snapshot: Snapshot = SNAPSHOT
) -> dict[int, str]:
    return {one.query_id: one.verdict for one in slowest_statements(snapshot, findings, advice)}


def test_the_dearest_come_first_with_their_counters() -> None:
    first, second = slowest_statements(SNAPSHOT, (), ADVICE)
    assert (first.query_id, first.calls, first.total_ms, first.mean_ms, first.rows_per_call) == (1, 900, 900, 1, 10)
    assert (first.text, round(first.share, 3), second.query_id) == (BY_AUTHOR.text, 0.909, 2)


def test_what_an_index_serves_has_its_saving_and_what_it_only_risks_has_not() -> None:
    first, second = slowest_statements(SNAPSHOT, (FINDING,), ADVICE)
    assert (first.verdict, first.finding) == ("missing-index note (author_id) saves 6 min a day", FINDING.key)
    assert (second.verdict, second.finding) == ("nothing to gain by an index", "")


def test_a_dear_statement_that_no_index_helps_is_to_be_rewritten_unless_a_remedy_is_known() -> None:
    lost = replace(FINDING, check="no-index-helps", changes=(), worth=None, queries=(1, 2))
    pages = replace(lost, check="deep-offset", object="note", queries=(2,))
    assert verdicts(lost, pages) == {1: "no index helps: rewrite it", 2: "see deep-offset note"}


def test_of_a_suspected_loop_only_the_statement_in_it_is_mended() -> None:
    loop = replace(FINDING, check="n-plus-one-suspect", changes=(), worth=None)
    assert verdicts(loop) == {1: "see n-plus-one-suspect note (author_id)", 2: "nothing to gain by an index"}


def test_a_pointer_and_what_is_only_worth_knowing_mend_nothing() -> None:
    scans = replace(FINDING, check="sequential-scan-heavy", changes=())
    known = replace(FINDING, check="deep-offset", severity="info", changes=())
    assert set(verdicts(scans, known).values()) == {"nothing to gain by an index"}


def test_what_was_not_planned_says_why() -> None:
    gone = make_statement("SELECT * FROM note WHERE id = gone()", query_id=3)
    other = make_statement("COPY note FROM STDIN", query_id=4)
    apart = make_statement("SELECT 1", query_id=5)
    upkeep = [make_statement(text, query_id=6) for text in ("VACUUM note", "create index on note (at)", "RELEASE a")]
    snapshot = make_snapshot(NOTE, gone, other, apart, *upkeep)
    advice = make_advice(unplanned=(NotExamined(named(gone, snapshot), "function gone() does not exist"),))
    assert verdicts(advice=advice, snapshot=snapshot) == {
        3: "not planned: function gone() does not exist",
        4: "not planned: it is no query",
        5: "not planned: it reads no table",
    }


def test_nothing_to_gain_is_said_only_where_the_advisor_looked_to_the_end() -> None:
    left_out = NotExamined("advice", "the index advisor was left out on request")
    assert verdicts(advice=left_out)[1] == "not planned: the index advisor was left out on request"
    assert verdicts(advice=replace(ADVICE, ended="deadline"))[1] == "nothing found before the advisor's deadline"


def test_a_json_key_that_nobody_knows_is_no_nothing_to_gain() -> None:
    noted = make_table("note", "id bigint, raw jsonb", rows=200_000)
    unknown = make_statement("SELECT id FROM note WHERE (note.raw ->> $1) = $2", query_id=1)
    written = make_statement("SELECT id FROM note WHERE (note.raw ->> 'a') = $1", query_id=2)
    assert verdicts(snapshot=make_snapshot(noted, unknown, written), advice=make_advice()) == {
        1: "no index tried: the key of a JSON value is a parameter",
        2: "nothing to gain by an index",
    }


def test_what_takes_no_time_to_speak_of_is_not_listed_and_a_long_text_is_cut() -> None:
    tiny = make_statement("SELECT at FROM note", calls=1, total_ms=0.1, query_id=6)
    long = make_statement(f"SELECT * FROM note WHERE id IN ({', '.join(map(str, range(2_000)))})", query_id=7)
    (only,) = slowest_statements(make_snapshot(NOTE, tiny, long), (), ADVICE)
    assert (only.query_id, len(only.text), only.text[-1]) == (7, 2_000, "…")
