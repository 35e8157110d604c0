"""The rule `model-imported-in-revision`."""

from __future__ import annotations

from tests.checks.migrations.conftest import Rules

CHECK = "model-imported-in-revision"


def _write(rules: Rules, module: str) -> None:
    folder = rules.linter.folder / "acme"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / f"{module}.py").write_text("def note_table():\n    return 'note'\n")


def test_fires_for_a_module_of_models(rules: Rules) -> None:
    _write(rules, "models")
    body = 'from acme.models import note_table\nop.execute(f"UPDATE {note_table()} SET title = title WHERE id = 1")'
    (found,) = rules.found(CHECK, body)
    assert found.object == "acme.models in r1"


def test_quiet_for_another_module_and_libraries(rules: Rules) -> None:
    _write(rules, "names")
    body = 'from acme.names import note_table\nop.execute(f"UPDATE {note_table()} SET title = title WHERE id = 1")'
    assert rules.objects(CHECK, body) == []


def test_quiet_for_an_import_that_is_not_used(rules: Rules) -> None:
    _write(rules, "models")
    assert rules.objects(CHECK, "from acme.models import note_table") == []
