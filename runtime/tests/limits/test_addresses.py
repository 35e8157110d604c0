"""Whose request it is: forged headers change nothing, and what cannot be read ends at the hop before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgwright_runtime.limits import by_address
from runtime.tests.support.limits_site import scope

PROXIES = ["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.80"]
LISTED = "x-forwarded-for"

# Peer, the header's lines, and whose request it is.
CASES = [
    # From somebody we do not trust, headers say nothing.
    ("198.51.100.7", [], "198.51.100.7"),
    ("198.51.100.7", ["6.6.6.6"], "198.51.100.7"),
    ("198.51.100.7", ["10.0.0.1, 10.0.0.2"], "198.51.100.7"),
    # Past proxies, from the right; what a client wrote itself stands left of its address.
    ("10.0.0.9", ["203.0.113.7"], "203.0.113.7"),
    ("10.0.0.9", ["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
    ("10.0.0.9", ["10.0.0.1, 203.0.113.7, 10.2.0.1, 192.0.2.80"], "203.0.113.7"),
    ("10.0.0.9", ["6.6.6.6", "203.0.113.7", "10.2.0.1"], "203.0.113.7"),
    ("10.0.0.9", ["10.0.0.1,10.0.0.2"], "10.0.0.1"),
    ("10.0.0.9", [], "10.0.0.9"),
    # Ports, brackets, zones, spaces.
    ("10.0.0.9", ["203.0.113.7:4711"], "203.0.113.7"),
    ("10.0.0.9", ["[2001:db8::7]:4711"], "2001:db8::/64"),
    ("10.0.0.9", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
    ("10.0.0.9", ["fe80::7%eth0"], "fe80::/64"),
    ("10.0.0.9", ["\t203.0.113.7 "], "203.0.113.7"),
    ("2001:db8:ffff::1", ["2001:db8:5::1"], "2001:db8:5::/64"),
    # The same addresses, written as IPv6.
    ("::ffff:10.0.0.9", ["::ffff:203.0.113.7"], "203.0.113.7"),
    ("::ffff:198.51.100.7", ["6.6.6.6"], "198.51.100.7"),
    # What is no address.
    ("10.0.0.9", ["203.0.113.7, unknown"], "10.0.0.9"),
    ("10.0.0.9", ["203.0.113.7, garbage, 10.2.0.1"], "10.2.0.1"),
    ("10.0.0.9", [""], "10.0.0.9"),
    ("10.0.0.9", ["203.0.113.7,"], "10.0.0.9"),
    ("10.0.0.9", ["010.0.0.1"], "10.0.0.9"),
    ("10.0.0.9", ["999.1.1.1"], "10.0.0.9"),
    ("10.0.0.9", ["203.0.113.7:port"], "10.0.0.9"),
    ("10.0.0.9", ["1" * 5_000], "10.0.0.9"),
    ("10.0.0.9", ["\xff\xfe"], "10.0.0.9"),
    # A unix socket has no address, and is nobody's unless it is listed.
    ("", ["6.6.6.6"], "unix"),
    ("testclient", ["6.6.6.6"], "testclient"),
]


@pytest.mark.parametrize(("peer", "lines", "client"), CASES)
def test_the_nearest_hop_that_is_no_proxy_is_the_client(peer: str, lines: list[str], client: str) -> None:
    assert by_address(PROXIES)(scope(peer, *((LISTED, line) for line in lines))) == client


FORWARDED = [
    (["for=203.0.113.7"], "203.0.113.7"),
    (["for=6.6.6.6, For=203.0.113.7;proto=https;by=10.0.0.9"], "203.0.113.7"),
    (["for=6.6.6.6", 'proto=http;for="203.0.113.7:80" , for="10.2.0.1"'], "203.0.113.7"),
    (['for="[2001:db8:cafe::17]:4711"'], "2001:db8:cafe::/64"),
    (["for=[2001:db8:cafe::17]"], "2001:db8:cafe::/64"),
    (['for="203.0.113\\.7"'], "203.0.113.7"),
    (["for=203.0.113.7, for=_hidden"], "10.0.0.9"),
    (["for=203.0.113.7, for=unknown, for=10.2.0.1"], "10.2.0.1"),
    (["for=203.0.113.7, proto=http"], "10.0.0.9"),
    (["203.0.113.7"], "10.0.0.9"),
    ([""], "10.0.0.9"),
    # A quotation that swallows what the proxy adds hides nobody behind another address.
    (['for="6.6.6.6, for=203.0.113.7'], "10.0.0.9"),
    (['for="6.6.6.6, for="203.0.113.7:80"'], "10.0.0.9"),
    (['for="6.6.6.6\\, for="203.0.113.7:80"'], "10.0.0.9"),
    (['for="6.6.6.6', "for=203.0.113.7"], "203.0.113.7"),
]


@pytest.mark.parametrize(("lines", "client"), FORWARDED)
def test_forwarded_is_read_by_its_standard(lines: list[str], client: str) -> None:
    key = by_address(PROXIES, header="forwarded")
    assert key(scope("10.0.0.9", *(("forwarded", line) for line in lines))) == client


def test_only_the_header_that_the_proxies_write_is_read() -> None:
    request = scope("10.0.0.9", (LISTED, "6.6.6.6"), ("forwarded", "for=203.0.113.7"))
    assert by_address(PROXIES)(request) == "6.6.6.6"
    assert by_address(PROXIES, header="forwarded")(request) == "203.0.113.7"


def test_without_proxies_no_header_is_read() -> None:
    assert by_address()(scope("127.0.0.1", (LISTED, "6.6.6.6"))) == "127.0.0.1"


def test_a_listed_unix_socket_is_a_proxy() -> None:
    key = by_address([*PROXIES, "unix"])
    assert key(scope("", (LISTED, "6.6.6.6, 203.0.113.7"))) == "203.0.113.7"
    assert key(scope("")) == "unix"
    assert key(scope("198.51.100.7", (LISTED, "6.6.6.6"))) == "198.51.100.7"


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "everybody", ""])
def test_what_is_no_network_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"network|host bits"):
        by_address([wrong])


def test_another_header_is_refused() -> None:
    with pytest.raises(ValueError, match="x-real-ip"):
        by_address(header="x-real-ip")  # type: ignore[arg-type]


TEXT = st.text(st.characters(max_codepoint=255), max_size=60)


@given(TEXT)
def test_what_a_client_sends_before_its_address_changes_nothing(forged: str) -> None:
    request = scope("10.0.0.9", (LISTED, f"{forged},203.0.113.7"))
    assert by_address(PROXIES)(request) == "203.0.113.7"


@given(TEXT | st.text('for=";,\\.6 ', max_size=40), st.sampled_from(["203.0.113.7", '"203.0.113.7:80"']))
def test_no_forged_element_of_forwarded_is_taken_for_the_proxys(forged: str, written: str) -> None:
    request = scope("10.0.0.9", ("forwarded", f"{forged}, for={written}"))
    assert by_address(PROXIES, header="forwarded")(request) in ("203.0.113.7", "10.0.0.9")
