from __future__ import annotations

from dataclasses import replace

from pgwright.report import Screen, render
from tests.support import samples


def test_long_lists_are_cut_and_the_number_hidden_is_told() -> None:
    text = render(samples.DIAGNOSIS, "terminal")
    assert "and 9 more findings of unused-index: ix_old_3, ix_old_4" in text
    assert "--all" in text
    assert "ix_old_11" not in text


def test_all_hides_nothing() -> None:
    text = render(samples.DIAGNOSIS, "terminal", Screen(shows_all=True))
    assert all(f"ix_old_{number}" in text for number in range(12))
    assert "--all" not in text


def test_what_was_not_examined_is_shown_with_its_grant() -> None:
    text = render(samples.DIAGNOSIS, "terminal")
    assert "what other roles do: the role is no member of pg_monitor" in text
    assert "→ GRANT pg_monitor TO app" in text


def test_every_figure_says_where_it_comes_from() -> None:
    text = render(samples.DIAGNOSIS, "terminal", Screen(width=200))
    assert "size: 18.1 MB (estimated)" in text
    assert "rows: 600,000 (read)" in text


def test_summary_names_what_comes_next() -> None:
    text = render(samples.DIAGNOSIS, "terminal")
    assert "1 high, 1 medium, 12 low, 1 info; 3 checks run." in text
    assert "pgwright fix  writes the change for 1 finding" in text
    assert "pgwright explain missing-index" in text


def test_fix_is_not_offered_where_it_would_write_nothing() -> None:
    unfixable = replace(samples.DIAGNOSIS, findings=samples.DIAGNOSIS.findings[1:])
    assert "pgwright fix" not in render(unfixable, "terminal")


def test_no_findings_is_said() -> None:
    assert "No findings; 1 check run." in render(samples.EMPTY_DIAGNOSIS, "terminal")


def test_narrow_terminal_turns_table_rows_into_lists() -> None:
    text = render(samples.PROOF, "terminal", Screen(width=44))
    assert "  queries before: 51\n  queries after: 2\n  results equal: yes" in text
