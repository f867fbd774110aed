"""Which addresses are public, and which URLs are refused without a network."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.errors import InputError, UnsafeAddressError
from reelworks.providers.http.addresses import check_url, is_public

PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",  # metadata of Alibaba
    "127.0.0.1",
    "127.9.9.9",
    "168.63.129.16",  # WireServer of Azure
    "169.254.169.254",  # metadata of most clouds
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",  # metadata of Oracle
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata of Amazon
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_however_it_is_wrapped(address):
    mapped = ipaddress.ip_address(f"::ffff:{address}")
    nat64 = ipaddress.IPv6Address(int(ipaddress.ip_address("64:ff9b::")) | int(address))
    sixtofour = ipaddress.IPv6Address((0x2002 << 112) | (int(address) << 80))

    assert is_public(mapped) is is_public(nat64) is is_public(sixtofour) is is_public(address)


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://a/b", "file:///a", "http://", "http:///a", "http://a b/", "http://a/\r\nX: y",
     "http://[::1", "http://h:99999/"],
)  # fmt: skip
def test_what_is_no_address(url):
    with pytest.raises(InputError):
        check_url(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.1", "[fe80::1%25eth0]"])
def test_numbers_that_are_private_are_refused_without_a_network(host):
    with pytest.raises(UnsafeAddressError):
        check_url(f"http://{host}/a.mp4")


names = st.from_regex(r"[a-z][a-z0-9]{0,20}(\.[a-z]{2,6}){1,2}", fullmatch=True)


@given(st.sampled_from(["http", "https", "HTTP", "hTTps"]), names, st.integers(1, 65_535))
def test_a_named_host_passes_and_is_judged_when_it_is_looked_up(
    scheme: str, host: str, port: int
) -> None:
    check_url(f"{scheme}://{host}/a.mp4")
    check_url(f"{scheme}://user:word@{host}:{port}/a?b=c#d")


@given(st.ip_addresses())
def test_a_host_given_by_number_is_judged_like_its_number(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    if is_public(address):
        check_url(f"https://{host}/")
    else:
        with pytest.raises(UnsafeAddressError, match="on a private network"):
            check_url(f"https://{host}/")


@given(st.text(max_size=60))
def test_any_text_is_judged_or_refused_and_nothing_else(text: str) -> None:
    for url in (text, f"http://{text}", f"http://h{text}"):
        try:
            check_url(url)
        except (InputError, UnsafeAddressError) as error:
            assert len(str(error).splitlines()) == 1
