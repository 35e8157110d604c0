"""Functions in place of those of an extension that a server lacks, so that a table is not lost for its defaults.

Each has the name, the arguments and the price of the original. Where the catalog's own functions can do the work they
do it, and with the same result where that is not random; the others raise an error when they are called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pgwright.model.names import quote, quote_literal
from pgwright.twin.dump import Definition, option, word


@dataclass(frozen=True)
class _Function:
    signature: str
    returns: str
    volatility: str = "IMMUTABLE"
    body: str = ""
    """In PL/pgSQL; "" for one that raises an error."""


_RANDOM = "RETURN pg_catalog.gen_random_uuid();"
_BYTES = "pg_catalog.convert_to({}, pg_catalog.getdatabaseencoding())"
_DIGEST = """
CASE pg_catalog.lower($2)
    WHEN 'md5' THEN RETURN pg_catalog.decode(pg_catalog.md5($1), 'hex');
    WHEN 'sha224' THEN RETURN pg_catalog.sha224($1);
    WHEN 'sha256' THEN RETURN pg_catalog.sha256($1);
    WHEN 'sha384' THEN RETURN pg_catalog.sha384($1);
    WHEN 'sha512' THEN RETURN pg_catalog.sha512($1);
    ELSE RAISE feature_not_supported USING MESSAGE = 'there is no stand-in for the digest ' || $2;
END CASE;"""
# RFC 2104.
_HMAC = """
DECLARE
    size int := CASE WHEN pg_catalog.lower($3) IN ('sha384', 'sha512') THEN 128 ELSE 64 END;
    key bytea := $2; inside bytea; outside bytea;
BEGIN
    IF pg_catalog.length(key) > size THEN key := {schema}.digest(key, $3); END IF;
    key := key || pg_catalog.decode(pg_catalog.repeat('00', size - pg_catalog.length(key)), 'hex');
    inside := key; outside := key;
    FOR place IN 0..size - 1 LOOP
        inside := pg_catalog.set_byte(inside, place, pg_catalog.get_byte(key, place) # 54);
        outside := pg_catalog.set_byte(outside, place, pg_catalog.get_byte(key, place) # 92);
    END LOOP;
    RETURN {schema}.digest(outside || {schema}.digest(inside || $1, $3), $3);
END;"""
# RFC 9562, version 3.
_NAMED = """
DECLARE hash bytea := pg_catalog.decode(pg_catalog.md5(
    pg_catalog.uuid_send($1) || pg_catalog.convert_to($2, 'UTF8')), 'hex');
BEGIN
    hash := pg_catalog.set_byte(hash, 6, pg_catalog.get_byte(hash, 6) & 15 | 48);
    hash := pg_catalog.set_byte(hash, 8, pg_catalog.get_byte(hash, 8) & 63 | 128);
    RETURN pg_catalog.encode(hash, 'hex')::uuid;
END;"""
_RANDOM_BYTES = """
RETURN pg_catalog.substr(pg_catalog.decode(pg_catalog.string_agg(pg_catalog.md5(
    pg_catalog.gen_random_uuid()::text), ''), 'hex'), 1, $1) FROM pg_catalog.generate_series(0, $1 / 16);"""

_FUNCTIONS: Mapping[str, tuple[_Function, ...]] = {
    "uuid-ossp": (
        *(_Function(f"uuid_generate_{kind}()", "uuid", "VOLATILE", _RANDOM) for kind in ("v1", "v1mc", "v4")),
        _Function("uuid_generate_v3(namespace uuid, name text)", "uuid", body=_NAMED),
        _Function("uuid_generate_v5(namespace uuid, name text)", "uuid"),
        *(
            _Function(f"uuid_{name}()", "uuid", body=f"RETURN '{value}'::uuid;")
            for name, value in (
                ("nil", "00000000-0000-0000-0000-000000000000"),
                ("ns_dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
                ("ns_url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"),
                ("ns_oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"),
                ("ns_x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8"),
            )
        ),
    ),
    "pgcrypto": (
        _Function("digest(bytea, text)", "bytea", body=_DIGEST),
        _Function("digest(text, text)", "bytea", body=f"RETURN {{schema}}.digest({_BYTES.format('$1')}, $2);"),
        _Function("hmac(bytea, bytea, text)", "bytea", body=_HMAC),
        _Function(
            "hmac(text, text, text)",
            "bytea",
            body=f"RETURN {{schema}}.hmac({_BYTES.format('$1')}, {_BYTES.format('$2')}, $3);",
        ),
        _Function("gen_random_uuid()", "uuid", "VOLATILE", _RANDOM),
        _Function("gen_random_bytes(int)", "bytea", "VOLATILE", _RANDOM_BYTES),
        _Function("crypt(text, text)", "text"),
        _Function("gen_salt(text)", "text", "VOLATILE"),
        _Function("gen_salt(text, int)", "text", "VOLATILE"),
        *(_Function(f"{name}(bytea, bytea, text)", "bytea") for name in ("encrypt", "decrypt")),
        *(_Function(f"{name}_iv(bytea, bytea, bytea, text)", "bytea") for name in ("encrypt", "decrypt")),
        *(
            _Function(f"pgp_{key}_encrypt{kind}({given}, {secret}{more})", "bytea", "VOLATILE")
            for key, secret in (("sym", "text"), ("pub", "bytea"))
            for kind, given in (("", "text"), ("_bytea", "bytea"))
            for more in ("", ", text")
        ),
        *(
            _Function(f"pgp_{key}_decrypt{kind}(bytea, {secret}{more})", given)
            for key, secret in (("sym", "text"), ("pub", "bytea"))
            for kind, given in (("", "text"), ("_bytea", "bytea"))
            for more in (("", ", text") if key == "sym" else ("", ", text", ", text, text"))
        ),
        _Function("pgp_key_id(bytea)", "text"),
        _Function("armor(bytea)", "text"),
        _Function("armor(bytea, text[], text[])", "text"),
        _Function("dearmor(text)", "bytea"),
    ),
    "sslinfo": (
        _Function("ssl_client_serial()", "numeric", "VOLATILE", "RETURN NULL;"),
        *(
            _Function(f"{name}()", "boolean", "VOLATILE", "RETURN false;")
            for name in ("ssl_is_used", "ssl_client_cert_present")
        ),
        *(
            _Function(f"{name}()", "text", "VOLATILE", "RETURN NULL;")
            for name in ("ssl_version", "ssl_cipher", "ssl_client_dn", "ssl_issuer_dn")
        ),
        *(
            _Function(f"{name}(text)", "text", "VOLATILE", "RETURN NULL;")
            for name in ("ssl_client_dn_field", "ssl_issuer_field")
        ),
    ),
    "xml2": (
        _Function("xml_valid(text)", "boolean", "STABLE"),
        _Function("xml_encode_special_chars(text)", "text"),
        _Function("xpath_string(text, text)", "text"),
        _Function("xpath_number(text, text)", "float4"),
        _Function("xpath_bool(text, text)", "boolean"),
        *(_Function(f"xpath_list(text, text{more})", "text") for more in ("", ", text")),
        *(_Function(f"xpath_nodeset(text, text{more})", "text") for more in ("", ", text", ", text, text")),
        _Function("xslt_process(text, text)", "text"),
        _Function("xslt_process(text, text, text)", "text", "VOLATILE"),
    ),
}


def has_stand_ins(extension: str) -> bool:
    """Tell whether there are functions in place of those of an extension."""
    return extension in _FUNCTIONS


def stand_ins(definition: Definition) -> Iterator[Definition]:
    """Yield the functions in place of an extension, given the statement that would make it."""
    statement = definition.statement
    assert statement is not None
    extension = str(statement.node["extname"])
    schema = quote(word(option(statement.node.get("options"), "schema")) or "public")
    for function in _FUNCTIONS[extension]:
        yield replace(definition, statement=replace(statement, text=_made(function, schema, extension)))


def _made(function: _Function, schema: str, extension: str) -> str:
    message = f"{function.signature.partition('(')[0]} of {extension} is not at hand here"
    body = function.body.strip() or f"RAISE feature_not_supported USING MESSAGE = '{message}';"
    if not body.startswith("DECLARE"):
        body = f"BEGIN {body} END;"
    head = f"CREATE FUNCTION {schema}.{function.signature} RETURNS {function.returns}"
    options = f"LANGUAGE plpgsql {function.volatility} STRICT PARALLEL SAFE COST 1"
    return f"{head} {options} AS {quote_literal(body.replace('{schema}', schema))}"
