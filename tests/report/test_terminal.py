from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from pgwright.model.change import AnalyzeTable
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.patch import FileEdit, ModelPatch, Verified
from pgwright.model.worth import Worth
from pgwright.report import Screen, render
from pgwright.report.diagnosis.words import first_things
from tests.support import samples


def test_long_lists_are_cut_and_the_number_hidden_is_told() -> None:
    one = replace(samples.DIAGNOSIS.findings[1], worth=Worth(1_000.0, 9.0, 0.1, 86_400.0))
    many = tuple(replace(one, object=f"ix_{number}") for number in range(60))
    text = render(replace(samples.DIAGNOSIS, findings=many), "terminal")
    assert "… and 13 more findings; --all shows everything." in text
    assert "MEDIUM  missing-primary-key  ix_46  saves 1 s a day\n" in text
    assert "ix_47" not in text


def test_what_is_alike_and_says_no_saving_shares_a_line_that_says_how_many_it_leaves_out() -> None:
    one = samples.DIAGNOSIS.findings[2]
    many = tuple(replace(one, object=f"ix_{number}") for number in range(60))
    lines = render(replace(samples.DIAGNOSIS, findings=many), "terminal").splitlines()
    (line,) = [line for line in lines if "unused-index  ix_" in line]
    assert line.startswith("LOW     unused-index  ix_0, ix_1, ix_2, ")
    assert line.endswith(" more  [possible]")
    assert 80 < len(line) <= 100
    assert line.count("ix_") + int(line.split(" and ")[1].split()[0]) == 60
    other = replace(one, confidence="certain")
    text = render(replace(samples.DIAGNOSIS, findings=(many[0], other, other, other)), "terminal")
    assert "LOW     unused-index  ix_0  [possible]  No query used it in 40 days.\n" in text
    assert "LOW     unused-index  ix_old_0, ix_old_0, ix_old_0\n" in text, "as sure of it, and as bad"


def test_what_is_low_shares_a_line_that_says_what_all_of_it_saves() -> None:
    one = replace(samples.DIAGNOSIS.findings[2], worth=Worth(1_000.0, 9.0, 0.1, 86_400.0))
    text = render(replace(samples.DIAGNOSIS, findings=(one,) * 4), "terminal")
    assert "LOW     unused-index  ix_old_0, ix_old_0, ix_old_0, ix_old_0  [possible]  save 4 s a day\n" in text


def test_three_things_come_first_the_worst_then_what_saves_most_then_what_fix_writes() -> None:
    first, by_hand = samples.DIAGNOSIS.findings[:2]
    saving = Worth(1_000.0, 9.0, 0.1, 86_400.0)
    less = replace(first, severity="medium", object="less", worth=saving)
    by_hand = replace(by_hand, object="by hand", worth=saving)
    more = replace(less, object="more", worth=replace(saving, saved_ms=9_000.0))
    found = (first, by_hand, less, more)
    assert [one.object for one in first_things(replace(samples.DIAGNOSIS, findings=found))] == [
        first.object, "more", "less"
    ]  # fmt: skip
    text = render(samples.DIAGNOSIS, "terminal")
    assert "Do these two things\n  1  HIGH    missing-index  messages (conversation_id, created_at DESC)" in text
    assert "  saves 60 min a day\n" in text
    assert "     Also mends unindexed-foreign-key messages (" in text
    assert "     pgwright fix --only 'missing-index:messages (conversation_id, created_at DESC)'\n" in text
    assert "     → ALTER TABLE " in text


def test_the_slowest_statements_say_what_to_do() -> None:
    text = render(samples.DIAGNOSIS, "terminal")
    assert "Slowest statements (share, time a day, counted for 24.0 h)" in text
    assert re.search(r"^     83\.4 %     60 min  SELECT .*  → missing-index messages", text, re.MULTILINE)
    assert re.search(r"^     13\.9 %     10 min  SELECT .*  no index helps: rewrite it$", text, re.MULTILINE)
    unknown = render(replace(samples.DIAGNOSIS, observed_seconds=None), "terminal")
    assert "Slowest statements (share, time in all)" in unknown
    assert re.search(r"^     13\.9 %    600\.0 s ", unknown, re.MULTILINE)


def test_where_nothing_is_left_that_is_the_answer_with_how_much_was_looked_at() -> None:
    low = samples.DIAGNOSIS.findings[1:3]  # medium without a saving, and low
    text = render(replace(samples.DIAGNOSIS, findings=low), "terminal")
    assert "\nNothing left that is known to save time; a person has to decide 1 medium finding below.\n" in text
    assert "  Looked at: 3 of 3 checks, 87.5 % of the tables, 24.0 h of statements.\n" in text
    assert "MEDIUM  missing-primary-key" in text
    fixable = replace(low[0], changes=samples.DIAGNOSIS.findings[0].changes)
    assert "Do this\n" in render(replace(samples.DIAGNOSIS, findings=(fixable,)), "terminal"), "one command does it"
    assert "\nNothing left worth doing.\n" in render(replace(samples.DIAGNOSIS, findings=low[1:]), "terminal")
    blind = NotExamined("missing-index", "left out", checks=("missing-index",))
    unasked = replace(samples.DIAGNOSIS, findings=low[1:], checks_run=("unused-index",), not_examined=(blind,))
    assert "Do this\n" in render(replace(unasked, findings=low), "terminal"), "what it saves was not asked"
    text = render(unasked, "terminal")
    assert "Nothing left" not in text
    assert "Nothing worth doing was found, but no index was looked for." in text
    assert "Looked at: 1 of 2 checks" in text
    high = replace(low[0], severity="high")
    assert "Nothing left" not in render(replace(samples.DIAGNOSIS, findings=(high,)), "terminal")


def test_all_hides_nothing() -> None:
    text = render(samples.DIAGNOSIS, "terminal", Screen(shows_all=True))
    assert all(f"ix_old_{number}" in text for number in range(12))
    assert "--all" not in text


def test_what_was_not_examined_is_shown_with_its_grant() -> None:
    text = render(samples.DIAGNOSIS, "terminal")
    assert "what other roles do: the role is no member of pg_monitor" in text
    assert "→ GRANT pg_monitor TO app" in text


def test_every_figure_says_where_it_comes_from() -> None:
    text = render(samples.DIAGNOSIS, "terminal", Screen(width=200, shows_all=True))
    assert "size: 18.1 MB (estimated)" in text
    assert "rows: 600,000 (read)" in text


def test_summary_names_what_comes_next() -> None:
    text = render(samples.DIAGNOSIS, "terminal")
    assert "1 high, 1 medium, 12 low, 1 info; 3 checks run, 3 not examined." in text
    assert "pgwright fix  writes the safe changes that gain most, of 1 finding\n" in text
    assert "pgwright explain missing-index" in text


def test_fix_is_not_offered_where_it_would_write_nothing() -> None:
    unfixable = replace(samples.DIAGNOSIS, findings=samples.DIAGNOSIS.findings[1:])
    assert "pgwright fix" not in render(unfixable, "terminal")


def test_of_many_remedies_new_indexes_share_a_paragraph_and_what_is_unsafe_is_never_left_out() -> None:
    index, unsafe = samples.FIX.remedies
    safe = replace(unsafe, is_safe=True, warning="", deploy="", change=AnalyzeTable(QualifiedName("public", "t")))
    many = (*(index,) * 50, *(replace(safe, title=f"Analyze t{number}") for number in range(40)), unsafe)
    text = render(replace(samples.FIX, remedies=many), "terminal")
    assert "safe    Create 50 indexes, while reads and writes go on: messages (conversation_id," in text
    assert " and 10 more\n" in text
    assert "safe    Analyze t19\nUNSAFE  Analyze" in text
    assert unsafe.warning in text
    assert "… and 20 more remedies; --all shows everything." in text
    assert "in the models:" not in text
    assert "\n\nFor a person to decide: deep-offset; --all tells more.\nNot examined: statistics of " in text
    keys = ("retention-overdue:a", "deep-offset:users", "retention-overdue:b")
    alone = render(replace(samples.FIX, remedies=many, by_hand=keys, not_examined=()), "terminal")
    assert alone.endswith("\n\nFor a person to decide: retention-overdue (2 times), deep-offset; --all tells more.\n")
    assert "Of each, --all shows its locks" in text
    assert render(replace(samples.FIX, remedies=many), "terminal", Screen(shows_all=True)).count("in the models:") == 50


def test_no_findings_is_said() -> None:
    assert "No findings; 1 check run." in render(samples.EMPTY_DIAGNOSIS, "terminal")


def test_narrow_terminal_turns_table_rows_into_lists() -> None:
    text = render(samples.PROOF, "terminal", Screen(width=44))
    assert "  queries: 51 → 2\n  results equal: yes" in text


def test_of_a_long_diff_the_beginning_is_shown_and_less_where_the_file_holds_it() -> None:
    before, after = "".join(f"x{n} = 1\n" for n in range(90)), "".join(f"x{n} = 2\n" for n in range(90))
    edit = FileEdit(Path.cwd() / "shop" / "models.py", before, after)
    for verified, shown in ((None, 60), (Verified(is_imported=True), 12)):
        fix = replace(samples.FIX, models=ModelPatch((edit,), (), verified))
        lines = render(fix, "terminal").splitlines()
        start = lines.index("  shop/models.py")
        end = lines.index(f"    … and {181 - shown} more lines; --all shows everything.")
        assert end - start == shown + 1
        assert "    +x89 = 2" in render(fix, "terminal", Screen(shows_all=True)).splitlines()


def test_a_diff_is_cut_between_its_parts() -> None:
    before = "".join(f"class T{n}:\n    id = 1\n    a = 2\n    b = 3\n" for n in range(9))
    edit = FileEdit(Path("models.py"), before, before.replace("a = 2", "a = 0"))
    fix = replace(samples.FIX, models=ModelPatch((edit,), (), Verified(is_imported=True)))
    text = render(fix, "terminal")
    assert "@@ class T1:\n" in text
    assert "@@ class T2:\n" not in text
    assert "         b = 3\n    … and 35 more lines; --all shows everything.\n" in text


def test_a_diff_says_which_class_it_is_in() -> None:
    before = 'import a\n\n\nclass User:\n    name = "users"\n    args = ()\n    id = 1\n    email = 2\n'
    edit = FileEdit(Path("models.py"), before, before.replace("import a", "import b").replace("= 1", "= 3"))
    assert edit.short_diff == [
        "@@ -1,2 +1,2 @@", "-import a", "+import b", " ",
        "@@ -6,3 +6,3 @@ class User:", "     args = ()", "-    id = 1", "+    id = 3", "     email = 2",
    ]  # fmt: skip
