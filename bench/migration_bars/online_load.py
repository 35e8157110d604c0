"""The app in a process of its own: transactions at a steady rate by SQLAlchemy on asyncpg, of old or of new models."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import MetaData, Table, Uuid, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from notebook.address import to_url
from notebook.before.models import Base

CONNECTIONS = 5
MOST_UNDER_WAY = 10 * CONNECTIONS
"""On a machine that cannot keep the rate, more would only queue in this process."""
KEYS = 400
"""So many rows of each parent are used: requests of both kinds meet at them."""


def tables(*, is_new: bool) -> dict[str, Table]:
    """Return the tables as the models declare them: as they were, or with keys of type uuid that stay a str."""
    metadata = MetaData()
    copies = {table.name: table.to_metadata(metadata) for table in Base.metadata.sorted_tables}
    if is_new:
        for table in copies.values():
            for column in table.columns:
                if column.primary_key or column.foreign_keys:
                    column.type = Uuid(as_uuid=False)
                    column.default = None
    return copies


class App:
    """One process of the app."""

    def __init__(self, engine: AsyncEngine, *, is_new: bool) -> None:
        self.engine, self.is_new = engine, is_new
        self.tables = tables(is_new=is_new)
        self.keys: dict[str, list[str]] = {}
        self.errors: list[str] = []
        self.done = 0
        self.longest_s = 0.0
        self.requests: list[Callable[[AsyncConnection], Awaitable[None]]] = [
            self.read_conversation, self.write_message, self.read_notebook, self.add_source, self.rename,
            self.give_away, self.run_job, self.sign_in_and_out, self.remove_message,
        ]  # fmt: skip

    def __getattr__(self, name: str) -> Table:
        return self.tables[name]

    def key(self) -> str:
        return str(uuid4())

    def hex_key(self) -> str:
        """Return a key of a job as this code writes it."""
        return str(uuid4()) if self.is_new else uuid4().hex

    def one(self, table: str) -> str:
        return random.choice(self.keys[table])

    async def learn(self) -> None:
        async with self.engine.connect() as connection:
            for name in ("users", "notebooks", "conversations", "documents"):
                table = self.tables[name]
                found = await connection.scalars(select(table.c.id).order_by(table.c.id).limit(KEYS))
                self.keys[name] = list(found)

    async def request(self) -> None:
        work = random.choice(self.requests)
        began = time.perf_counter()
        try:
            async with self.engine.begin() as connection:
                await work(connection)
            self.done += 1
        except Exception as error:  # noqa: BLE001  (every kind counts)
            self.errors.append(f"{work.__name__}: {type(error).__name__}: {str(error).splitlines()[0][:200]}")
        self.longest_s = max(self.longest_s, time.perf_counter() - began)

    async def read_conversation(self, connection: AsyncConnection) -> None:
        c, m = self.conversations, self.messages
        joined = select(m, c.c.title).join(c, c.c.id == m.c.conversation_id)
        one = self.one("conversations")
        rows = (await connection.execute(joined.where(c.c.id == one).order_by(m.c.created_at).limit(20))).all()
        assert all(row.conversation_id == one and isinstance(row.id, str) for row in rows)

    async def write_message(self, connection: AsyncConnection) -> None:
        values = {"id": self.key(), "conversation_id": self.one("conversations"), "role": "user", "content": "new",
                  "token_count": 1}  # fmt: skip
        m = self.messages
        written = await connection.execute(insert(m).values(values).returning(m.c.id, m.c.conversation_id))
        assert tuple(written.one()) == (values["id"], values["conversation_id"])
        c = self.conversations
        changed = await connection.execute(
            update(c).where(c.c.id == values["conversation_id"]).values(updated_at=datetime.now(UTC))
        )
        assert changed.rowcount == 1

    async def read_notebook(self, connection: AsyncConnection) -> None:
        n, s = self.notebooks, self.sources
        some = random.sample(self.keys["notebooks"], 5)
        counted = select(n.c.id, func.count(s.c.id)).outerjoin(s, s.c.notebook_id == n.c.id)
        rows = (await connection.execute(counted.where(n.c.id.in_(some)).group_by(n.c.id))).all()
        assert {row[0] for row in rows} == set(some)

    async def add_source(self, connection: AsyncConnection) -> None:
        source = {"id": self.key(), "notebook_id": self.one("notebooks"), "title": "new", "kind": "web", "url": "u"}
        await connection.execute(insert(self.sources).values(source))
        chunks = [{"id": self.key(), "source_id": source["id"], "position": n, "content": "new", "token_count": 1}
                  for n in range(3)]  # fmt: skip
        await connection.execute(insert(self.chunks), chunks)
        k = self.chunks
        found = await connection.scalar(select(func.count()).select_from(k).where(k.c.source_id == source["id"]))
        assert found == 3

    async def rename(self, connection: AsyncConnection) -> None:
        n = self.notebooks
        changed = await connection.execute(update(n).where(n.c.id == self.one("notebooks")).values(title="renamed"))
        assert changed.rowcount == 1

    async def give_away(self, connection: AsyncConnection) -> None:
        n, owner, one = self.notebooks, self.one("users"), self.one("notebooks")
        await connection.execute(update(n).where(n.c.id == one).values(owner_id=owner))
        assert await connection.scalar(select(n.c.owner_id).where(n.c.id == one)) == owner

    async def run_job(self, connection: AsyncConnection) -> None:
        job = {"id": self.hex_key(), "document_id": self.one("documents"), "kind": "k", "status": "done",
               "progress": 1, "log": ""}  # fmt: skip
        await connection.execute(insert(self.jobs).values(job))
        await connection.execute(
            insert(self.generation_history).values(
                id=self.key(), user_id=self.one("users"), job_id=job["id"], kind="k", model="m", prompt_tokens=1,
                completion_tokens=1,
            )
        )  # fmt: skip

    async def sign_in_and_out(self, connection: AsyncConnection) -> None:
        t = self.refresh_tokens
        mine = self.key()
        until = datetime.now(UTC)
        await connection.execute(insert(t).values(id=mine, user_id=self.one("users"), token_hash="h", expires_at=until))
        gone = await connection.execute(t.delete().where(t.c.id == mine))
        assert gone.rowcount == 1

    async def remove_message(self, connection: AsyncConnection) -> None:
        m, one = self.messages, self.one("conversations")
        last = select(m.c.id).where(m.c.conversation_id == one).order_by(m.c.created_at.desc()).limit(1)
        await connection.execute(m.delete().where(m.c.id == last.scalar_subquery()))


async def run(dsn: str, kind: str, rate: float, told: Path) -> None:
    """Make transactions until the input ends; then say what came of them."""
    is_new = kind == "new"
    path = f"{'pgwright_new' if is_new else 'pgwright_old'}, public"
    settings = {"search_path": path, "application_name": f"app-{kind}"}
    engine = create_async_engine(
        to_url(dsn, "asyncpg"), pool_size=CONNECTIONS, max_overflow=0, connect_args={"server_settings": settings}
    )
    app = App(engine, is_new=is_new)
    await app.learn()
    print("ready", flush=True)
    ends = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    under_way: set[asyncio.Task[None]] = set()
    due = time.perf_counter()
    while not ends.done():
        due += random.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if len(under_way) >= MOST_UNDER_WAY:
            continue
        task = asyncio.create_task(app.request())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    await engine.dispose()
    result: dict[str, Any] = {"done": app.done, "errors": app.errors, "longest_s": app.longest_s}
    told.write_text(json.dumps(result))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4])))
