"""Generated orders of every kind, paged both ways with every size of page: each row once, as the database sorts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from query_bars.figures import Figure, at_least, at_most, shown
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pgwright.embedded import run_server
from runtime.tests.support.generated_orders import SIZES, fill, generate, read_both_ways

ORDERS = 5_000
# Other seeds than those of the tests.
FIRST_SEED = 1_000_000


def measure() -> Iterator[Figure]:
    rows_read, wrong_rows, invalid, sizes = 0, 0, 0, Counter[int]()
    with run_server() as server:
        server.create_database("paging")
        engine = create_engine(server.url("paging", "psycopg"))
        with engine.begin() as connection:
            fill(connection)
        with Session(engine) as session:
            seed = FIRST_SEED
            while sizes.total() < ORDERS:
                order = generate(seed)
                seed += 1
                try:
                    session.execute(order.whole)
                except DBAPIError:
                    # Some orders are no SQL at all, paged or not, as the remainder of a floating-point number.
                    session.rollback()
                    invalid += 1
                    continue
                whole, forward, backward = read_both_ways(session, order)
                for read in (forward, backward):
                    rows_read += len(read)
                    wrong_rows += sum(one != other for one, other in zip(read, whole, strict=False))
                    wrong_rows += abs(len(read) - len(whole))
                sizes[order.size] += 1
                session.expunge_all()
        engine.dispose()
    yield at_least("generated orders paged both ways", sizes.total(), "", ORDERS)
    yield at_least("page sizes, from 1 to 7", len(sizes), "", len(SIZES))
    yield at_most("rows lost, doubled or out of order", wrong_rows, "", 0)
    yield shown("rows read", rows_read, "")
    yield shown("generated orders that the server refuses in any case", invalid, "")
