from __future__ import annotations

from dataclasses import replace

from pgwright.report.proof.words import conclusion, in_words, is_proved
from tests.support import samples

NOTHING = replace(samples.PROOF, operations=(), statements=())


def test_faster_and_equal_is_proved() -> None:
    assert is_proved(samples.PROOF)
    assert conclusion(samples.PROOF)[0] == "The fix helps: results are equal, nothing got slower."


def test_a_fix_that_does_not_help_is_said_to_not_help() -> None:
    proof = replace(NOTHING, operations=(samples.SAME,))
    assert not is_proved(proof)
    assert "does not help" in conclusion(proof)[0]
    assert in_words(samples.SAME) == "does not help"


def test_slower_is_named_and_not_proved() -> None:
    proof = replace(NOTHING, operations=(samples.FASTER, samples.SLOWER))
    assert not is_proved(proof)
    assert conclusion(proof)[0] == "The fix makes create_message slower."
    assert in_words(samples.SLOWER) == "2.0× slower"


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


def test_nothing_measured_is_nothing_proved() -> None:
    assert not is_proved(NOTHING)
    assert conclusion(NOTHING)[0] == "Nothing was measured, so nothing is proved."


def test_statements_are_counted_where_operations_are_named() -> None:
    slow = replace(samples.PROOF.statements[0], verdict="slower")
    proof = replace(NOTHING, operations=(samples.SLOWER,), statements=(slow, slow))
    assert conclusion(proof)[0] == "The fix makes create_message and 2 statements slower."
