"""The addresses that proxies write into header fields, from the nearest to the farthest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

# Longer is no address, with brackets, zone and port.
LONGEST = 128
_PORT = r"(?::\d{1,5})?"
_BRACKETS = re.compile(rf"\[([^\[\]]+)\]{_PORT}")
_IPV4 = re.compile(rf"([0-9.]+){_PORT}")
# An element of `Forwarded`, up to the comma: pairs whose values are tokens or quoted strings (RFC 7239, RFC 9110).
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
# Some proxies write an address without the quotes that its colons need.
_PAIR = re.compile(rf'\s*({_TOKEN})=({_QUOTED}|[^\s";,]*)\s*')


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address of a text with or without port, brackets and zone; None: it is none.

    >>> parse_address("[2001:db8::7%eth0]:443"), parse_address("::ffff:192.0.2.1"), parse_address("192.0.2.1:80")
    (IPv6Address('2001:db8::7'), IPv4Address('192.0.2.1'), IPv4Address('192.0.2.1'))
    """
    text = text.strip()
    if len(text) > LONGEST:
        return None
    if found := _BRACKETS.fullmatch(text) or _IPV4.fullmatch(text):
        text = found[1]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def listed_hops(lines: Iterable[str]) -> Iterator[str]:
    """Return what `X-Forwarded-For` says, its last line first, each from the right."""
    for line in lines:
        yield from reversed(line.split(","))


def forwarded_hops(lines: Iterable[str]) -> Iterator[str]:
    """Return what `Forwarded` says (RFC 7239), its last line first, each from the right; "" for what is not clear.

    An unfinished quotation, as a client sends it to hide what proxies add, makes its line unclear.
    """
    for line in lines:
        yield from reversed(list(_elements(line)))


def _elements(line: str) -> Iterator[str]:
    hop, place = "", 0
    while place <= len(line):
        pair = _PAIR.match(line, place)
        if pair:
            place = pair.end()
            if pair[1].lower() == "for":
                hop = _unquoted(pair[2])
        sign = line[place : place + 1]
        if sign == "," or (not sign and pair):
            yield hop
            hop = ""
        elif sign != ";":
            # Nothing to the left of here was written by whom we trust, or it cannot be told what was.
            yield ""
            return
        place += 1


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
