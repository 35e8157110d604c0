"""Attacks in other fields of a snapshot, and in the arguments of `plan`: text that could end up in a statement."""

from __future__ import annotations

from tests.attacks.payload import Payload, Place

_PROGRAM = "COPY (SELECT 1) TO PROGRAM 'touch @mark@'"


def _field(place: Place, name: str, sql: str) -> Payload:
    return Payload(place, name, place, sql)


FIELDS = (
    _field("statement", "two_statements", f"SELECT id FROM items WHERE id = $1; {_PROGRAM}"),
    _field("statement", "statement_copy", _PROGRAM),
    _field("statement", "statement_analyze", f"ANALYZE SELECT 1; {_PROGRAM}"),
    _field("statement", "statement_ends_explain", f"SELECT 1) AS x; {_PROGRAM}; --"),
    _field("statement", "statement_comment", f"SELECT id FROM items WHERE id = 1 /* */; {_PROGRAM} --"),
    _field("statement", "statement_do", f"DO $x$ BEGIN EXECUTE $y${_PROGRAM}$y$; END $x$"),
    _field("statement", "statement_commit", f"COMMIT; {_PROGRAM}"),
    _field("statement", "statement_psql", "SELECT id FROM items WHERE id = 1\n\\! touch @mark@\n"),
    _field("statement", "statement_secret", "SELECT id FROM items WHERE name = pg_read_file('@secret@')"),
    _field("statement", "statement_lo", "SELECT id FROM items WHERE id = lo_export(lo_from_bytea(0, 'x'), '@mark@')"),
    _field("statement", "statement_query_to_xml",
           "SELECT id FROM items WHERE name = query_to_xml('SELECT pg_read_file(''@secret@'')', true, true, '')::text"),
    _field("statement", "statement_set_config",
           "SELECT id FROM items WHERE name = set_config('session_preload_libraries', '@mark@.so', false)"),
    _field("setting", "setting_value", f"x'; {_PROGRAM}; --"),
    _field("setting", "setting_two_parts", f"public; {_PROGRAM}"),
    _field("setting name", "setting_name", f"work_mem = '1MB'; {_PROGRAM}; --"),
    _field("setting name", "setting_preload", "session_preload_libraries"),
    _field("statistics", "common_value", f"x'); {_PROGRAM}; --"),
    _field("statistics", "common_value_array", f'"}}\'::text[]); {_PROGRAM}; --'),
    _field("role", "role_name", f'x"; {_PROGRAM}; --'),
    _field("role", "role_superuser", "postgres"),
    _field("index predicate", "predicate_ends", f"true); {_PROGRAM}; --"),
    _field("index predicate", "predicate_query", "(SELECT pg_read_file('@secret@')) IS NOT NULL"),
    _field("index expression", "expression_ends", f"id)); {_PROGRAM}; --"),
    _field("index expression", "expression_secret", "(pg_read_file('@secret@'))"),
    _field("table name", "name_with_quote", f'x"; {_PROGRAM}; --'),
    _field("table name", "name_with_newline", "x\n\\! touch @mark@\n"),
    _field("table name", "name_with_shell", "$(touch @mark@)`touch @mark@`"),
    _field("table name", "name_with_path", "../../../../@mark@"),
    _field("column name", "column_with_quote", f'n" FROM items; {_PROGRAM}; --'),
    _field("extended expression", "extended_ends", f"id) AS x FROM items; {_PROGRAM}; --"),
    _field("extended expression", "extended_secret", "pg_read_file('@secret@')"),
    _field("server", "collation_of_server", f"C'; {_PROGRAM}; --"),
)  # fmt: skip

PLANS = (
    _field("plan statement", "plan_two", f"SELECT 1; {_PROGRAM}"),
    _field("plan statement", "plan_copy", _PROGRAM),
    _field("plan statement", "plan_secret", "SELECT * FROM items WHERE name = pg_read_file('@secret@')"),
    _field("plan index", "plan_index_two", f"CREATE INDEX ON items (id); {_PROGRAM}"),
    _field("plan index", "plan_index_secret", "CREATE INDEX ON items ((pg_read_file('@secret@')))"),
    _field("plan setting", "plan_set_role", "role=postgres"),
    _field("plan setting", "plan_set_value", f"search_path=x'; {_PROGRAM}; --"),
    _field("plan setting", "plan_set_preload", "session_preload_libraries=@mark@.so"),
    _field("plan value", "plan_value", f"1'); {_PROGRAM}; --"),
)  # fmt: skip
