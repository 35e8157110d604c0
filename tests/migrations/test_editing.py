from __future__ import annotations

from textwrap import dedent

import pytest

from pgwright.errors import MigrationError
from pgwright.migrations.editing import EditableRevision, following

TEXT = dedent('''\
    """Add it.

    Revises: a1
    """
    from alembic import op

    revision: str = "b2"
    down_revision = ("a1", 'z9')  # two


    def upgrade():
        """Words."""
        op.one("ä", 1)  # note

        op.two(
            2,  # inner
        )
        for x in y:
            op.three(x)
        op.four(); op.five()


    def downgrade():
        op.drop_index("ix_a")
        op.drop_index("ix_a_b")
        pass
    ''')


def line_of(part: str) -> int:
    return next(number for number, line in enumerate(TEXT.splitlines(), 1) if part in line)


def test_a_statement_is_replaced_and_all_around_it_stays() -> None:
    line = line_of("op.two(")
    edited = EditableRevision(TEXT).with_statements({line: "with a():\n    b()"}, ())
    old, new = "    op.two(\n        2,  # inner\n    )\n", "    with a():\n        b()\n"
    assert edited == TEXT.replace(old, new)


def test_a_comment_behind_a_replaced_statement_stays_above() -> None:
    edited = EditableRevision(TEXT).with_statements({line_of("op.one"): "b()"}, ())
    assert edited == TEXT.replace('    op.one("ä", 1)  # note\n', "    # note\n    b()\n")


def test_a_statement_is_taken_out_with_its_comment() -> None:
    edited = EditableRevision(TEXT).with_statements({line_of("op.one"): ""}, ())
    assert edited == TEXT.replace('    op.one("ä", 1)  # note\n', "")


def test_what_the_code_needs_is_imported_once() -> None:
    imports = ("import sqlalchemy as sa", "from alembic import op", "import sqlalchemy as sa")
    edited = EditableRevision(TEXT).with_statements({line_of("op.two("): "b()"}, imports)
    assert edited.count("import sqlalchemy as sa\n") == 1
    assert edited.count("from alembic import op\n") == 1


def test_a_function_that_is_emptied_keeps_a_body() -> None:
    text = "def upgrade():\n    op.one()\n    op.two()\n"
    assert EditableRevision(text).with_statements({2: "", 3: ""}, ()) == "def upgrade():\n    pass\n"
    told = EditableRevision(text).with_statements({2: "# first", 3: "# then"}, ())
    assert told == "def upgrade():\n    # first\n    pass\n    # then\n"


def test_line_ends_of_windows_stay() -> None:
    text = "def upgrade():\r\n    op.one()\r\n    op.two()\r\n"
    assert EditableRevision(text).with_statements({2: "a()\nb()"}, ()) == (
        "def upgrade():\r\n    a()\r\n    b()\r\n    op.two()\r\n"
    )


@pytest.mark.parametrize(("part", "words"), [("op.three", "in a block"), ("op.drop_index", "not in upgrade() itself")])
def test_what_stands_in_no_statement_of_its_own_is_refused(part: str, words: str) -> None:
    with pytest.raises(MigrationError, match=words.replace("(", r"\(").replace(")", r"\)")):
        EditableRevision(TEXT).statement(line_of(part))


def test_statements_on_one_line_are_refused() -> None:
    with pytest.raises(MigrationError, match="shares its line"):
        EditableRevision(TEXT).with_statements({line_of("op.four"): "b()"}, ())


def test_a_batch_of_one_is_one_statement() -> None:
    text = 'def upgrade():\n    with op.batch_alter_table("note") as batch_op:\n        batch_op.drop_column("a")\n'
    assert EditableRevision(text).statement(3).lineno == 2


def test_a_name_is_found_where_one_statement_says_it() -> None:
    source = EditableRevision(TEXT, "downgrade")
    found = source.naming("ix_a")
    assert found is not None
    assert source.source_of(found) == 'op.drop_index("ix_a")'
    assert source.naming("ix_c") is None


def test_a_revision_follows_another_and_its_docstring_says_so() -> None:
    assert following(TEXT, "a1", "c3") == TEXT.replace("Revises: a1", "Revises: c3").replace('"a1"', '"c3"')
    assert following(TEXT, "z9", "c3") == TEXT.replace("'z9'", "'c3'")


def test_a_revision_that_computes_what_it_follows_is_refused() -> None:
    with pytest.raises(MigrationError, match="not written as a text"):
        following('down_revision = name("a1").lower\n', "b1", "c3")


def test_code_that_comes_first_comes_after_the_docstring() -> None:
    assert '"""Words."""\n    a()\n    op.one' in EditableRevision(TEXT).with_first("a()")
