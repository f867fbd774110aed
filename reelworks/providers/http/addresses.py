"""Public and private network addresses: which a server may fetch from (SSRF protection)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from reelworks.domain.printable import one_line
from reelworks.errors import InputError, UnsafeAddressError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""
_NEVER = tuple(
    ipaddress.ip_network(one)
    for one in (
        "168.63.129.16/32",  # public by number, but answered by the machine's own host on Azure
        "192.0.0.0/24",  # the module of Python 3.11 knows parts of these blocks only
        "2001::/23",
        "5f00::/16",
        "64:ff9b:1::/48",
        "fec0::/10",  # site-local, deprecated by RFC 3879
    )
)
_SCHEMES = ("http", "https")


def is_public(address: Address) -> bool:
    """True when ``address`` belongs to the public internet.

    Follows IANA's special-purpose registries (RFC 6890) by the ``ipaddress`` module. An IPv4
    address inside an IPv6 one (mapped, NAT64, 6to4) is judged by itself.
    """
    inner = _embedded_ipv4(address)
    if inner is not None:
        return is_public(inner)
    special = (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    )
    never = any(address.version == one.version and address in one for one in _NEVER)
    return address.is_global and not special and not never


def _embedded_ipv4(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def check_url(url: str) -> None:
    """Check what can be known of a URL without a network.

    Raises ``InputError`` when it is no http(s) URL, ``UnsafeAddressError`` when its host is an IP
    address that is not public.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    has_blanks = any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in url)
    if parts.scheme.lower() not in _SCHEMES or not host or has_blanks:
        raise InputError("Invalid URL; expected http://host/path or https://host/path.")
    try:
        named = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    if not is_public(named):
        raise private_address_error(host)


def private_address_error(host: str) -> UnsafeAddressError:
    """Return the error for a ``host`` on a private network."""
    return UnsafeAddressError(
        f"{one_line(host)} is on a private network, from which nothing is fetched; "
        "give a public address or set FETCH_PRIVATE_ADDRESSES."
    )
