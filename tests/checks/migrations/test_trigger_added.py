"""The rule `trigger-added`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "trigger-added"


def _made(table: str) -> str:
    function = "suppress_redundant_updates_trigger()"
    return f'op.execute("CREATE TRIGGER t BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}")'


def test_fires_on_a_large_table_alone(rules: Rules) -> None:
    assert rules.objects(CHECK, f"{_made('note')}\n{_made('small')}") == ["note (t)"]


def test_quiet_with_a_lock_timeout(rules: Rules) -> None:
    assert rules.objects(CHECK, f"""op.execute("SET LOCAL lock_timeout = '2s'")\n{_made("note")}""") == []
