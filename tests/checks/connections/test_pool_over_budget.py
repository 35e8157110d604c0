from __future__ import annotations

from pgwright.model.policy import ClientPool, Policy
from tests.support.builders import evidence, make_server, make_session, make_setting, make_snapshot, not_examined, run

CHECK = "pool-over-budget"
SETTINGS = (
    make_setting("max_connections", "100"),
    make_setting("superuser_reserved_connections", "3"),
    make_setting("reserved_connections", "2"),
)


def _policy(size: int) -> Policy:
    return Policy(pools=(ClientPool("api", pool_size=size, max_overflow=10, processes=2),))


def test_fires_when_the_pools_may_open_more_than_there_are() -> None:
    (finding,) = run(CHECK, make_snapshot(*SETTINGS, policy=_policy(50)))
    assert (finding.object, finding.severity) == ("shop", "high")
    assert evidence(finding)["pool api"] == "(50 + 10) × 2 = 120"
    assert evidence(finding)["of these for ordinary roles"] == "95"


def test_quiet_within_the_budget() -> None:
    assert run(CHECK, make_snapshot(*SETTINGS, policy=_policy(20))) == []


def test_hardly_any_left_is_low() -> None:
    assert [finding.severity for finding in run(CHECK, make_snapshot(*SETTINGS, policy=_policy(36)))] == ["low"]


def test_without_stated_pools_only_the_connections_now_are_seen() -> None:
    busy = make_snapshot(*SETTINGS, *(make_session() for _ in range(80)))
    (finding,) = run(CHECK, busy)
    assert (finding.severity, evidence(finding)["idle ones"]) == ("medium", "80")
    assert not_examined(CHECK, busy)[0].reason == "pools not stated in [tool.pgwright]"
    assert run(CHECK, make_snapshot(*SETTINGS, make_session())) == []


def test_not_examined_behind_a_pooler_or_without_settings() -> None:
    pooled = make_snapshot(*SETTINGS, policy=_policy(500), server=make_server(is_pooled=True))
    assert run(CHECK, pooled) == []
    assert not_examined(CHECK, pooled)
    assert not_examined(CHECK, make_snapshot(policy=_policy(500)))


def test_older_servers_reserve_for_superusers_only() -> None:
    (finding,) = run(CHECK, make_snapshot(*SETTINGS[:2], policy=_policy(50)))
    assert evidence(finding)["of these for ordinary roles"] == "97"
