from __future__ import annotations

import pytest

from tests.support.builders import evidence, make_session, make_snapshot, not_examined, run

CHECK = "idle-in-transaction"


def _idle(seconds: float, **fields: object) -> object:
    state = fields.pop("state", "idle in transaction")
    return make_session(state=state, state_seconds=seconds, transaction_seconds=seconds + 5, **fields)


def test_fires_once_for_each_application_and_role() -> None:
    found = run(CHECK, make_snapshot(_idle(90), _idle(120), _idle(90, application="worker")))
    assert [finding.object for finding in found] == ["api as app", "worker as app"]
    assert evidence(found[0])["longest idle"] == "2 min"
    assert found[0].sql.startswith("ALTER ROLE app IN DATABASE shop SET idle_in_transaction_session_timeout")


@pytest.mark.parametrize("state", ["idle", "active", "idle in transaction"])
def test_quiet_for_short_or_harmless_states(state: str) -> None:
    seconds = 5 if state == "idle in transaction" else 900
    assert run(CHECK, make_snapshot(_idle(seconds, state=state))) == []


def test_ten_minutes_are_high_also_in_a_failed_transaction() -> None:
    (finding,) = run(CHECK, make_snapshot(_idle(700, state="idle in transaction (aborted)")))
    assert finding.severity == "high"


def test_not_examined_when_the_server_hides_all_states() -> None:
    assert not_examined(CHECK, make_snapshot(make_session(state="")))[0].remedy == "GRANT pg_monitor TO reader"
    assert not not_examined(CHECK, make_snapshot())


def test_sessions_of_other_databases_are_not_told_as_this_one_s() -> None:
    assert run(CHECK, make_snapshot(_idle(90, database="other"))) == []
    assert len(run(CHECK, make_snapshot(_idle(90, database="shop"), _idle(90, database="other")))) == 1
