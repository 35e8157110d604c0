from __future__ import annotations

import pytest

from tests.support.builders import make_server, make_setting, make_snapshot, not_examined, run

CHECK = "cache-hit-low"


@pytest.mark.parametrize(("hit", "severity"), [(900_000, "low"), (700_000, "medium")])
def test_severity_grows_with_the_share_that_was_missed(hit: int, severity: str) -> None:
    server = make_server(blocks_hit=hit, blocks_read=1_000_000 - hit)
    (finding,) = run(CHECK, make_snapshot(make_setting("shared_buffers", "128MB"), server=server))
    assert (finding.object, finding.severity) == ("shop", severity)


def test_quiet_when_the_cache_holds_what_is_needed() -> None:
    assert run(CHECK, make_snapshot(server=make_server(blocks_hit=990_000, blocks_read=10_000))) == []


def test_not_examined_while_the_cache_warms_up() -> None:
    assert not_examined(CHECK, make_snapshot(server=make_server(blocks_hit=10, blocks_read=90)))
