from __future__ import annotations

from tests.support.builders import make_server, make_snapshot, run

CHECK = "public-schema-create"


def test_fires_when_every_role_may_create() -> None:
    (finding,) = run(CHECK, make_snapshot(server=make_server(public_may_create=True)))
    assert (finding.object, finding.sql) == ("public", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def test_quiet_otherwise() -> None:
    assert run(CHECK, make_snapshot()) == []
