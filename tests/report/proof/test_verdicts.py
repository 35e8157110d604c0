from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.model.proof import Effort, MeasuredOn
from pgwright.report.proof.words import conclusion, equality, in_words, is_proved, notes, where_measured
from tests.support import samples

NOTHING = replace(samples.PROOF, operations=(), statements=(), writes=())
FAST = replace(samples.PROOF.statements[0], not_compared=())
ELSEWHERE = replace(FAST, here=Effort(20, 100))
(WRITE,) = samples.PROOF.writes


def test_faster_and_equal_is_proved() -> None:
    proof = replace(NOTHING, operations=(samples.FASTER,), statements=(FAST,))
    assert is_proved(proof)
    assert conclusion(proof)[0] == "The fix helps: results are equal, nothing got slower."


def test_a_fix_that_does_not_help_is_said_to_not_help() -> None:
    proof = replace(NOTHING, operations=(samples.SAME,))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == "The fix does not help: nothing that was measured got faster."
    assert in_words(samples.SAME) == "does not help"


def test_slower_is_named_and_not_proved() -> None:
    proof = replace(NOTHING, operations=(samples.FASTER, samples.SLOWER))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == "The fix makes create_message slower."
    assert in_words(samples.SLOWER) == "slower", "the ratio beside it has one direction"


def test_different_results_come_first_however_fast() -> None:
    proof = replace(NOTHING, operations=(samples.FASTER, samples.DIFFERENT, samples.SLOWER))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == "Do not apply this fix: results differ for count_messages."


def test_different_results_alone_are_not_proved_however_fast() -> None:
    """Nothing else speaks against it: no operation is slower."""
    proof = replace(NOTHING, operations=(samples.FASTER, samples.DIFFERENT))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == "Do not apply this fix: results differ for count_messages."
    assert not any("helps" in sentence for sentence in conclusion(proof))


def test_a_statement_with_other_results_denies_the_proof_too() -> None:
    differing = replace(FAST, results_equal=False, verdict="results differ")
    proof = replace(NOTHING, operations=(samples.FASTER,), statements=(FAST, differing))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == "Do not apply this fix: results differ for 1 statement."
    assert equality(differing) == "NO"


def test_nothing_measured_is_nothing_proved() -> None:
    assert not is_proved(NOTHING)
    assert conclusion(NOTHING)[0] == "Nothing was measured, so nothing is proved."


def test_statements_are_counted_where_operations_are_named() -> None:
    slow = replace(FAST, verdict="slower", before=FAST.after, after=FAST.before)
    proof = replace(NOTHING, operations=(samples.SLOWER,), statements=(slow, slow))
    assert conclusion(proof)[0] == "The fix makes create_message and 2 statements slower."


def test_what_is_not_representative_is_no_evidence() -> None:
    proof = replace(NOTHING, statements=(ELSEWHERE,))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == (
        "The fix is not proved to help: what got faster ran with values that are not representative."
    )
    assert in_words(ELSEWHERE) == "faster, not representative"
    assert notes(ELSEWHERE) == ("not representative: 20 rows, 8,800 blocks a call observed; 20 rows, 100 blocks here",)
    assert is_proved(replace(proof, statements=(ELSEWHERE, FAST)))


@pytest.mark.parametrize(
    ("observed", "here", "is_like"),
    [
        (Effort(30, 300), Effort(10, 100), True),
        (Effort(31, 300), Effort(10, 100), False),
        (Effort(30, 301), Effort(10, 100), False),
        (Effort(10, 100), Effort(30, 300), True),
        (Effort(0.01, 0), Effort(1, 10), True),
        (Effort(0, 8518), Effort(0, 0), False),
    ],
    ids=["both", "rows", "blocks", "more here", "next to nothing", "nothing found"],
)
def test_representative_is_within_a_factor_of_three_in_rows_and_in_blocks(
    observed: Effort, here: Effort, is_like: bool
) -> None:
    assert replace(FAST, observed=observed, here=here).is_representative is is_like


def test_unclear_is_neither_faster_nor_slower() -> None:
    doubtful = replace(samples.FASTER, verdict="unclear")
    proof = replace(NOTHING, operations=(doubtful,))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == (
        "The fix does not help: nothing that was measured got faster; 1 measurement unclear for noise."
    )
    assert is_proved(replace(proof, operations=(doubtful, samples.FASTER)))


def test_a_write_that_gets_notably_slower_is_named() -> None:
    proof = replace(NOTHING, statements=(FAST,), writes=(WRITE,))
    assert is_proved(proof)
    assert conclusion(proof)[:2] == (
        "The fix helps: results are equal, no query got slower; writes did: INSERT on messages 0.50×.",
        "By the workload's calls it saves 115 s and costs 72 ms on writes, a day (measured here).",
    )


def test_a_write_that_gets_a_little_slower_is_weighed_and_not_named() -> None:
    little = replace(WRITE, after=samples.timing(12.0))
    proof = replace(NOTHING, statements=(FAST,), writes=(little,))
    assert conclusion(proof)[0] == "The fix helps: results are equal, nothing got slower."
    assert "costs 24 ms" in conclusion(proof)[1]


def test_writes_that_cost_more_than_statements_gain_deny_the_proof() -> None:
    proof = replace(NOTHING, statements=(FAST,), writes=(replace(WRITE, workload_rows=10_000_000),))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == "The fix costs more than it gains: INSERT on messages 0.50×."


def test_a_statement_that_writes_is_weighed_and_always_named() -> None:
    text = "/* app */ UPDATE conversations SET updated_at = $1 WHERE id = $2"
    update = replace(FAST, text=text, calls=3, verdict="slower", before=samples.timing(0.14), after=samples.timing(0.2))
    proof = replace(NOTHING, statements=(FAST, update))
    assert is_proved(proof)
    assert conclusion(proof)[0].startswith("The fix helps: results are equal, no query got slower; writes did: ")
    assert "UPDATE conversations" in conclusion(proof)[0]
    assert "0.70×." in conclusion(proof)[0]
    assert not is_proved(replace(proof, statements=(FAST, replace(update, calls=10_000_000)))), "it costs more"
    assert not is_proved(replace(proof, statements=(FAST, replace(update, verdict="results differ"))))
    read = replace(update, text="WITH gone AS (DELETE FROM t RETURNING id) SELECT id FROM gone")
    assert conclusion(replace(proof, statements=(FAST, replace(read, calls=10**8))))[0] == (
        "The fix makes 1 statement slower."
    )


def test_a_query_that_loses_next_to_nothing_of_what_is_saved_is_named_and_denies_no_proof() -> None:
    query = "SELECT id FROM account WHERE token = $1"
    slow = replace(FAST, text=query, calls=3, verdict="slower", before=samples.timing(0.14), after=samples.timing(0.2))
    proof = replace(NOTHING, statements=(FAST, slow))
    assert is_proved(proof)
    assert conclusion(proof)[0] == (
        "The fix helps: results are equal, 1 query lost next to nothing of what is saved: "
        "SELECT id FROM account WHERE token = $1 0.70×."
    )
    assert not is_proved(replace(proof, statements=(FAST, replace(slow, here=Effort(900, 9_000))))), "nobody knows"
    assert not is_proved(replace(proof, statements=(FAST, replace(slow, calls=10**7)))), "it loses much"
    assert not is_proved(replace(proof, observed_seconds=None, statements=(slow,))), "nothing is saved"


def test_slower_writes_are_named_where_nothing_helps() -> None:
    same = replace(FAST, verdict="same")
    proof = replace(NOTHING, statements=(same,), writes=(replace(WRITE, workload_rows=0),))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == "Writes got slower: INSERT on messages 0.50×."


def test_losses_on_statements_are_told_apart_from_those_on_writes() -> None:
    slow = replace(FAST, calls=1, verdict="slower", before=samples.timing(10.0), after=samples.timing(110.0))
    proof = replace(NOTHING, statements=(FAST, slow), writes=(WRITE,))
    assert "costs 172 ms, 72 ms of it on writes, a day" in " ".join(conclusion(proof))


def test_slower_writes_that_the_workload_has_not_cost_nothing_and_that_is_told() -> None:
    rare = replace(WRITE, workload_rows=0)
    told = conclusion(replace(NOTHING, statements=(FAST,), writes=(rare,)))[1]
    assert (
        told
        == "By the workload's calls it saves 115 s and costs none, a day (measured here); its own writes got no slower."
    )
    slow = replace(FAST, calls=0, verdict="slower", before=samples.timing(10.0), after=samples.timing(110.0))
    told = conclusion(replace(NOTHING, statements=(FAST, slow), writes=(rare,)))[1]
    assert "got no slower" not in told


def test_without_an_observed_time_the_balance_is_of_all_calls() -> None:
    proof = replace(NOTHING, statements=(FAST,), observed_seconds=None)
    assert conclusion(proof)[1] == (
        "By the workload's calls it saves 115.1 s and costs none, over the time observed (measured here)."
    )
    proof = replace(proof, observed_seconds=42.0)
    assert "saves 115.1 s and costs none, over the 42 s observed" in conclusion(proof)[1], "that tells of no day"


def test_what_is_not_compared_is_said() -> None:
    one = replace(FAST, not_compared=("at: now() gives another value each time", "b: …"))
    proof = replace(NOTHING, statements=(one,))
    assert equality(one) == "in part"
    assert notes(one) == ("not compared: at: now() gives another value each time; b: …",)
    assert conclusion(proof)[0] == (
        "The fix helps: results are equal as far as they can be compared, nothing got slower."
    )


def test_rows_that_the_copies_lack_deny_the_proof_first_of_all() -> None:
    proof = replace(NOTHING, statements=(FAST,), lost_rows=(samples.LOST,))
    assert not is_proved(proof)
    assert conclusion(proof)[0].startswith("Not proved: the copies lack rows of ")
    assert conclusion(proof)[0].endswith(" (0 of 60,000: a check failed).")


def test_an_operation_that_failed_denies_the_proof_and_tells_what_to_do() -> None:
    failed = replace(samples.FAILED, reason="ValueError: no")
    proof = replace(NOTHING, operations=(samples.FASTER,), failed_operations=(failed,))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == (
        "Not proved for list_orders: it failed on the copy with the fix: ValueError: no (change the models)."
    )


def test_it_says_where_times_are_from() -> None:
    own = MeasuredOn("embedded", "", "16.9", "app@db:5432/shop", "16.4", "2026-11-01T12:00:00+00:00")
    proof = replace(NOTHING, measured_on=own)
    assert where_measured(proof) == (
        "Measured on copies of an embedded server, PostgreSQL 16.9, of app@db:5432/shop, PostgreSQL 16.4, "
        "at 2026-11-01T12:00:00+00:00."
    )
    other = replace(own, copies="staging", server="me@staging:5432/postgres", version="18.1")
    assert where_measured(replace(proof, measured_on=other)) == (
        "Measured on copies on me@staging:5432/postgres, PostgreSQL 18.1, of app@db:5432/shop, PostgreSQL 16.4, "
        "at 2026-11-01T12:00:00+00:00; it is not the source's major version, on which times and plans may differ."
    )
    assert where_measured(replace(proof, measured_on=None)) == "Nothing was measured."
