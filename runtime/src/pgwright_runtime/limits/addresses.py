"""Whose request it is, by its address: past the proxies that we know, and no further."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from typing import Literal

from pgwright_runtime._asgi import Scope
from pgwright_runtime.limits.hops import LONGEST, forwarded_hops, listed_hops, parse_address

Address = IPv4Address | IPv6Address
ForwardedBy = Literal["x-forwarded-for", "forwarded"]

UNIX = "unix"
"""Among the trusted proxies: whoever connects by a unix socket, and so has no address."""
# An IPv6 customer has a /64 at least, and may use each of its addresses.
_IPV6_PREFIX = 64
# Addresses that are remembered with what was found out on them.
_REMEMBERED = 4096


def by_address(
    trusted_proxies: Iterable[str] = (), *, header: ForwardedBy = "x-forwarded-for"
) -> Callable[[Scope], str]:
    """Return what tells requests apart by the client's address: an IPv4 address, or the /64 of an IPv6 address.

    The header is read from the right, where the nearest proxy wrote, and only as long as whoever wrote is a trusted
    proxy. The first address that is none is the client's. What is no address there counts for the proxy that wrote
    it. Without trusted proxies no header is read, for anybody can send one.

    Args:
        trusted_proxies: addresses and networks, as `10.0.0.0/8` or `2001:db8::/32`; "unix": peers by a unix socket.
        header: the one that the proxies write; they have to, or the client's own comes through.
    Raises: ValueError: one is no address and no network, or the header is not one of the two.

    >>> client = by_address(["10.0.0.0/8"])
    >>> headers = [(b"x-forwarded-for", b"6.6.6.6, 203.0.113.7, 10.1.1.1")]
    >>> client({"type": "http", "client": ("10.0.0.9", 4711), "headers": headers})
    '203.0.113.7'
    """
    if header not in ("x-forwarded-for", "forwarded"):
        raise ValueError(f"the header is 'x-forwarded-for' or 'forwarded', not {header!r}")
    listed = frozenset(trusted_proxies)
    networks = tuple(ip_network(text) for text in listed - {UNIX})
    hops = listed_hops if header == "x-forwarded-for" else forwarded_hops
    name = header.encode("ascii")

    @lru_cache(_REMEMBERED)
    def look(text: str) -> tuple[str, bool] | None:
        address = parse_address(text)
        if address is None:
            return None
        return _key(address), any(address in network for network in networks)

    def key(scope: Scope) -> str:
        peer = (scope.get("client") or ("",))[0] or UNIX
        found, is_trusted = look(peer) or (peer, peer == UNIX and UNIX in listed)
        if not is_trusted:
            return found
        for text in hops(_lines(scope, name)):
            # Nothing longer is remembered, or garbage would fill the memory.
            hop = look(text) if len(text) <= LONGEST else None
            if hop is None:
                break
            found, is_trusted = hop
            if not is_trusted:
                break
        return found

    return key


def _lines(scope: Scope, name: bytes) -> Iterator[str]:
    """Return the header's lines, the last one first."""
    for key, value in reversed(list(scope["headers"])):
        if key == name:
            yield value.decode("latin-1")


def _key(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address) >> _IPV6_PREFIX << _IPV6_PREFIX, _IPV6_PREFIX)))
