"""What to do next about a connection that failed, by what libpq, the server or PgBouncer said."""

from __future__ import annotations

_OTHERWISE = "Check the DSN."
# The first text that the message holds counts, so the narrower ones stand first.
_HINTS = (
    ("root certificate file", "Name who signed the server's certificate: sslrootcert=FILE, or sslrootcert=system."),
    ("certificate verify failed", "Name who signed the server's certificate: sslrootcert=FILE."),
    ("does not match host name", "Name the host as its certificate does, or take sslmode=verify-ca."),
    ("certificate file", "Check sslcert and sslkey in the DSN."),
    ("private key file", "Check sslkey in the DSN; only its owner may read that file (chmod 600)."),
    ("server does not support SSL", "The server speaks no TLS: take sslmode=prefer, or switch ssl on there."),
    ("too many connections for role", "Raise the role's limit, ALTER ROLE … CONNECTION LIMIT, or end some of its own."),
    ("too many connections for database", "Raise the database's limit: ALTER DATABASE … CONNECTION LIMIT."),
    ("max_client_conn", "PgBouncer has no free connection: raise its max_client_conn."),
    ("query_wait_timeout", "PgBouncer has no free server connection: raise its pool_size, or read past it."),
    ("too many", "The server has no free connection: see `pgwright explain pool-over-budget`."),
    ("connection slots are reserved", "The server has no free connection: see `pgwright explain pool-over-budget`."),
    ("not permitted to log in", "Read as a role that may log in, or ALTER ROLE … LOGIN."),
    ("permission denied for database", "Let the role connect: GRANT CONNECT ON DATABASE … TO …"),
    ("not currently accepting connections", "That database takes no connections (a template, say): name another."),
    ("password authentication failed", "Check user and password; PGPASSWORD or ~/.pgpass can hold it."),
    ("no password supplied", "Give the password in PGPASSWORD, ~/.pgpass or the URL."),
    ("Peer authentication failed", "On its socket the server takes the system user for the role; name a host instead."),
    ("Ident authentication failed", "The server takes the system user for the role; connect as that one."),
    ("authentication failed", "Check user, password and the server's pg_hba.conf."),
    ("no encryption", "The server does not admit this host, user and database without TLS; take sslmode=require."),
    ("pg_hba.conf", "The server does not admit this host, user and database: its pg_hba.conf needs a line for them."),
    ("starting up", "Try again in a moment."),
    ("shutting down", "Try again when the server runs."),
    ("recovery mode", "Try again in a moment."),
    ("not yet accepting connections", "Try again in a moment."),
    ("hot standby mode is disabled", "Read the primary, or set hot_standby = on."),
    ("session is read-only", "target_session_attrs in the DSN wants a primary; reading needs none."),
    ("session is not read-only", "target_session_attrs in the DSN wants a standby; leave it out for the primary."),
    ("server is not in hot standby", "target_session_attrs in the DSN wants a standby; leave it out for the primary."),
    ("server is in hot standby", "target_session_attrs in the DSN wants a primary; reading needs none."),
    ("could not translate host name", "Check the host name in the DSN."),
    ("name or service not known", "Check the host name in the DSN."),
    ("failed to resolve host", "Check the host name in the DSN."),
    ("definition of service", "Check the service's name, and PGSERVICEFILE or ~/.pg_service.conf."),
    ("database \"", "Check the name of the database."),
    ("no such database", "Check the name of the database, as PgBouncer knows it."),
    ("role \"", "Check the name of the role."),
    ("unrecognized configuration parameter", "Check `options` in the DSN and PGOPTIONS."),
    ("unsupported startup parameter", "Leave it out of the DSN, or name it in PgBouncer's ignore_startup_parameters."),
    ("Connection refused", "Check that the server runs and listens on this host and port."),
    ("unreachable", "Check host and network."),
    ("No route to host", "Check host and network."),
    ("timeout", "Check host, port and firewall."),
    ("No such file or directory", "No server listens on that socket; name a host."),
    ("closed the connection unexpectedly", "Check that host and port are those of a PostgreSQL server."),
    ("conversion between", "The server cannot tell its texts in UTF-8, so this database cannot be read."),
    ("SSL", "Check sslmode in the DSN."),
)  # fmt: skip


def connection_hint(message: str) -> str:
    """Return what to do next.

    >>> connection_hint('FATAL:  role "app" does not exist')
    'Check the name of the role.'
    """
    lower = message.lower()
    return next((hint for text, hint in _HINTS if text.lower() in lower), _OTHERWISE)
