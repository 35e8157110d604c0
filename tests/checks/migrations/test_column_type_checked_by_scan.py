"""The rule `column-type-checked-by-scan`."""

from __future__ import annotations

from tests.checks.migrations.conftest import SCHEMA, Rules, of

CHECK = "column-type-checked-by-scan"

_DOMAIN = f"""{SCHEMA}; CREATE DOMAIN short AS text CHECK (length(VALUE) < 80); CREATE INDEX ix ON note (state)"""


def test_fires_when_every_row_is_checked(rules: Rules) -> None:
    body = (
        'op.execute("ALTER TABLE note ALTER title TYPE short")\nop.execute("ALTER TABLE small ALTER title TYPE short")'
    )
    pending = rules.pending(body, _DOMAIN)
    rewritten = {one for each in pending.revisions[0].upgrade.statements for one in each.rewritten}
    found = {one.object for one in of(CHECK, pending)}
    # Whether the server rewrites for a domain, or only checks, is its own business: one of the two is said.
    assert found | {f"{one.short} (title) in r1" for one in rewritten if one.name == "note"} == {"note (title) in r1"}


def test_fires_when_an_index_is_built_anew(rules: Rules) -> None:
    (found,) = rules.found(CHECK, "op.execute('ALTER TABLE note ALTER state TYPE text COLLATE \"C\"')", _DOMAIN)
    assert "builds ix anew" in found.message


def test_quiet_when_nothing_is_read(rules: Rules) -> None:
    assert rules.objects(CHECK, 'op.execute("ALTER TABLE note ALTER title TYPE varchar")', _DOMAIN) == []
