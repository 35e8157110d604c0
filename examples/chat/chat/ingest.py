"""Reads documents into the database: `python -m chat.ingest FOLDER…`, as often as they change.

What has not changed is left alone, and what is no longer there goes. Each document is one transaction; apps that run
hear of it by the trigger on their cached tables.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from chat.address import to_url
from chat.before.models import Document, Passage
from chat.embeddings import Embeddings, chosen
from chat.passages import Cut, read

GLOSSARY = Path(__file__).parents[1] / "documents"


class Ingested(NamedTuple):
    """What a run did, in documents."""

    stored: int
    unchanged: int
    deleted: int


async def ingest(url: str | URL, folders: Sequence[Path], embeddings: Embeddings, *, base_url: str = "") -> Ingested:
    """Bring the stored documents to what is in the folders.

    Args:
        url: of the database, at any revision.
        folders: of Markdown; subfolders count.
        embeddings: the model.
        base_url: where readers find the documents; "": nowhere.
    """
    engine = create_async_engine(to_url(url, "asyncpg"))
    texts = {base_url + path: text for folder in folders for path, text in _read_folder(folder)}
    digests = {path: sha256(f"{embeddings.model}\n{text}".encode()).hexdigest() for path, text in texts.items()}
    try:
        async with engine.connect() as connection:
            rows = await connection.execute(select(Document.url, Document.digest))
            known = {row.url: row.digest for row in rows}
        changed = [path for path in texts if known.get(path) != digests[path]]
        gone = known.keys() - texts.keys()
        for path in sorted({*changed, *gone}):
            async with engine.begin() as connection:
                await _delete(connection, path)
                if path in texts:
                    await _store(connection, path, texts[path], digests[path], embeddings)
    finally:
        await engine.dispose()
    return Ingested(len(changed), len(texts) - len(changed), len(gone))


def _read_folder(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*.md")):
        yield path.relative_to(folder).as_posix(), path.read_text("utf-8").replace("\0", "")


async def _delete(connection: AsyncConnection, url: str) -> None:
    of_url = select(Document.id).where(Document.url == url)
    await connection.execute(delete(Passage).where(Passage.document_id.in_(of_url)))
    await connection.execute(delete(Document).where(Document.url == url))


async def _store(connection: AsyncConnection, url: str, text: str, digest: str, embeddings: Embeddings) -> None:
    page = read(text, Path(url).stem)
    rows = [
        {
            "position": place,
            "heading": cut.heading,
            "content": cut.content,
            "embedding": await embeddings.embed(_embedded(page.title, cut)),
        }
        for place, cut in enumerate(page.cuts)
    ]
    document = insert(Document).values(url=url, title=page.title, digest=digest).returning(Document.id)
    document_id = (await connection.execute(document)).scalar_one()
    if rows:
        await connection.execute(insert(Passage), [{**row, "document_id": document_id} for row in rows])


def _embedded(title: str, cut: Cut) -> str:
    """Return what a passage's vector is of: a heading often says what its text no longer repeats."""
    return f"{title}\n{cut.heading}\n{cut.content}" if cut.heading != title else f"{title}\n{cut.content}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="python -m chat.ingest", description="Read documents into the database.")
    parser.add_argument("folders", nargs="+", type=Path, help="of Markdown")
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    parser.add_argument("--base-url", default="", help="where readers find the documents, as https://docs.example/")
    given = parser.parse_args(arguments)
    if not given.database_url:
        parser.error("no database was named. Give --database-url, or set DATABASE_URL.")
    for folder in given.folders:
        if not folder.is_dir():
            parser.error(f"{folder} is no folder")
    done = asyncio.run(ingest(given.database_url, given.folders, chosen(os.environ), base_url=given.base_url))
    print(f"{done.stored} documents stored, {done.unchanged} unchanged, {done.deleted} deleted")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
