from __future__ import annotations

from tests.support.builders import make_server, make_setting, make_snapshot, run

CHECK = "extension-missing"
LOADED = make_setting("shared_preload_libraries", "pg_stat_statements")
BARE = make_server(extensions=("plpgsql",))


def test_fires_when_it_is_not_installed() -> None:
    (finding,) = run(CHECK, make_snapshot(LOADED, server=BARE))
    assert (finding.object, finding.sql) == (
        "pg_stat_statements",
        "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
    )
    assert "restart" not in finding.advice


def test_fires_when_it_is_installed_but_not_loaded() -> None:
    (finding,) = run(CHECK, make_snapshot(make_setting("shared_preload_libraries", "")))
    assert finding.sql == ""
    assert "restart" in finding.advice


def test_quiet_when_it_is_there() -> None:
    assert run(CHECK, make_snapshot(LOADED)) == []


def test_a_hidden_setting_is_no_fault_of_the_server() -> None:
    assert run(CHECK, make_snapshot()) == []
    (finding,) = run(CHECK, make_snapshot(server=BARE))
    assert "hidden from our role" in [entry.value for entry in finding.evidence]
    assert finding.advice.startswith("If it is not loaded yet, add")
