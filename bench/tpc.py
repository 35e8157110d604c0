"""TPC-H and TPC-DS at scale 1 on the embedded server: data, primary keys and statements by DuckDB's TPC extensions.

A server is kept in `build/bench/tpc`, so that the data is made once; delete the folder to make it anew.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg

from pgwright.embedded import EmbeddedServer, run_server

Name = Literal["tpch", "tpcds"]
BUILD = Path(__file__).parents[1] / "build" / "bench"

# The same for all that is compared: the peers' figures were measured with them.
SETTINGS: Mapping[str, str] = {
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "work_mem": "64MB",
    "effective_cache_size": "8GB",
    "random_page_cost": "4",
    "shared_buffers": "2GB",
    "allow_system_table_mods": "on",  # to switch built indexes on and off
    "autovacuum": "off",  # statistics stay those of the load
}

# As the specifications state them; DuckDB's generators make none.
PRIMARY_KEYS: Mapping[Name, Mapping[str, str]] = {
    "tpch": {
        "region": "r_regionkey",
        "nation": "n_nationkey",
        "part": "p_partkey",
        "supplier": "s_suppkey",
        "partsupp": "ps_partkey, ps_suppkey",
        "customer": "c_custkey",
        "orders": "o_orderkey",
        "lineitem": "l_orderkey, l_linenumber",
    },
    "tpcds": {
        "call_center": "cc_call_center_sk",
        "catalog_page": "cp_catalog_page_sk",
        "catalog_returns": "cr_item_sk, cr_order_number",
        "catalog_sales": "cs_item_sk, cs_order_number",
        "customer": "c_customer_sk",
        "customer_address": "ca_address_sk",
        "customer_demographics": "cd_demo_sk",
        "date_dim": "d_date_sk",
        "household_demographics": "hd_demo_sk",
        "income_band": "ib_income_band_sk",
        "inventory": "inv_date_sk, inv_item_sk, inv_warehouse_sk",
        "item": "i_item_sk",
        "promotion": "p_promo_sk",
        "reason": "r_reason_sk",
        "ship_mode": "sm_ship_mode_sk",
        "store": "s_store_sk",
        "store_returns": "sr_item_sk, sr_ticket_number",
        "store_sales": "ss_item_sk, ss_ticket_number",
        "time_dim": "t_time_sk",
        "warehouse": "w_warehouse_sk",
        "web_page": "wp_web_page_sk",
        "web_returns": "wr_item_sk, wr_order_number",
        "web_sales": "ws_item_sk, ws_order_number",
        "web_site": "web_site_sk",
    },
}
# Left out as in the peers' figures: without an index that only they need they run for hours.
LEFT_OUT: Mapping[Name, frozenset[int]] = {
    "tpch": frozenset({2, 17, 20}),
    "tpcds": frozenset({4, 6, 9, 10, 11, 32, 35, 41, 95}),
}


@dataclass(frozen=True)
class Query:
    number: int
    text: str


@contextmanager
def tpc_server() -> Iterator[EmbeddedServer]:
    """Start the kept server, with the databases `tpch` and `tpcds` loaded."""
    with run_server(BUILD / "tpc", settings=SETTINGS) as server:
        for name in PRIMARY_KEYS:
            load(server, name)
        yield server


def load(server: EmbeddedServer, name: Name, scale: float = 1) -> None:
    """Make the database of a benchmark, unless it is there; of another scale only on a server of its own."""
    if not _is_loaded(server, name):
        _load(server, name, scale)


def queries(server: EmbeddedServer, name: Name) -> list[Query]:
    """Return all statements of a benchmark, in its order."""
    with psycopg.connect(server.dsn(name)) as connection:
        found = connection.execute("SELECT number, text FROM bench.query ORDER BY number").fetchall()
    return [Query(*row) for row in found]


def advised_queries(server: EmbeddedServer, name: Name) -> list[Query]:
    """Return the statements that advisors are compared on."""
    return [query for query in queries(server, name) if query.number not in LEFT_OUT[name]]


def _is_loaded(server: EmbeddedServer, name: Name) -> bool:
    with server.admin() as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
    if found is None:
        return False
    with server.admin(name) as connection:
        row = connection.execute("SELECT to_regclass('bench.loaded') IS NOT NULL").fetchone()
    if row is not None and row[0]:
        return True
    server.drop_database(name)  # half loaded
    return False


def _load(server: EmbeddedServer, name: Name, scale: float) -> None:
    import duckdb
    from duckdb_extensions import import_extension

    import_extension(name)
    server.create_database(name)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder, duckdb.connect() as source, server.admin(name) as target:
        source.execute(f"LOAD {name}")
        source.execute(f"CALL {'dbgen' if name == 'tpch' else 'dsdgen'}(sf = {scale})")
        for table, ddl in source.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1").fetchall():
            path = Path(folder) / f"{table}.csv"
            source.execute(f"COPY {table} TO '{path}' (FORMAT csv, DELIMITER '|', HEADER false, NULLSTR '')")
            target.execute(ddl)
            into = f"COPY {table} FROM STDIN (FORMAT csv, DELIMITER '|')".encode()
            with path.open("rb") as file, target.cursor().copy(into) as copy:
                while block := file.read(1 << 20):
                    copy.write(block)
            path.unlink()
            target.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({PRIMARY_KEYS[name][table]})")
        texts = source.execute(f"SELECT query_nr, query FROM {name}_queries()").fetchall()
        target.execute("CREATE SCHEMA bench")
        target.execute("CREATE TABLE bench.query (number int PRIMARY KEY, text text NOT NULL)")
        for number, text in texts:
            target.execute("INSERT INTO bench.query VALUES (%s, %s)", (number, _as_postgresql(text)))
        target.execute("VACUUM ANALYZE")
        target.execute("CREATE TABLE bench.loaded ()")


def _as_postgresql(text: str) -> str:
    """Return DuckDB's text of a statement as PostgreSQL takes it."""
    return re.sub(r"INTERVAL (\d+) (\w+)", r"INTERVAL '\1 \2'", text, flags=re.IGNORECASE).strip().rstrip(";")
