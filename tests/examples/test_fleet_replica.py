"""The app on a real streaming replica: reads go there, show the client's own writes, and survive its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from fleet import data
from fleet.address import as_app
from fleet.after.app import create_app
from runtime.tests.support.replica_servers import Replica, run_primary, run_replica
from tests.support.fleet_clients import SCALE, SECRET, UNTIL, Client, client_of, of

NEW = {"price_cents": 1250, "address": "Mill Lane 7"}
NEWEST = "/deliveries?size=1"


@pytest.fixture
def replica() -> Iterator[Replica]:
    with run_primary() as primary:
        primary.create_database("fleet")
        data.prepare(primary.url("fleet"), SCALE, until=UNTIL)
        with run_replica(primary) as replica:
            yield replica


@pytest.fixture
async def client(replica: Replica) -> AsyncIterator[Client]:
    urls = as_app(replica.primary.url("fleet")), as_app(replica.server.url("fleet"))
    async with client_of(create_app(*urls, secret=SECRET, pool_size=2)) as client:
        yield client


async def test_reads_are_on_the_replica_but_for_the_clients_own_writes(client: Client, replica: Replica) -> None:
    replicas = client.app.state.databases.replicas
    for path in ("/couriers", "/deliveries", "/statistics/deliveries", "/dashboard"):
        assert (await client.get(path, headers=of(3))).status_code == 200
    metrics = replicas.metrics()
    assert metrics.reads_on_replica >= 4
    assert sum(metrics.reads_on_primary.values()) == 0

    replica.execute("SELECT pg_wal_replay_pause()")
    made = (await client.post("/deliveries", headers=of(3), json=NEW)).json()
    assert (await client.get(NEWEST, headers=of(3))).json() == [made]
    client.cookies.clear()
    assert (await client.get(NEWEST, headers=of(3))).json() != [made]
    replica.execute("SELECT pg_wal_replay_resume()")
    replica.catch_up()
    assert (await client.get(NEWEST, headers=of(3))).json() == [made]

    await replica.kill()
    assert (await client.get(NEWEST, headers=of(3))).json() == [made]
    assert (await client.get("/statistics/deliveries", headers=of(1))).status_code == 200
