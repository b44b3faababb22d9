"""Which network addresses octavo goes to unasked: public ones.

A page found on the web, or a redirect, must not make octavo read what only this machine or its network can reach
(server-side request forgery). Knows addresses; nothing of HTTP.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host name and port; raises OSError where it has none."""

# IPv6 addresses that carry an IPv4 address in their last 32 bits: NAT64 (RFC 6052) and the deprecated compatible form.
_CARRIERS = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))


def resolve(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def is_public(address: str) -> bool:
    """Whether `address` is one of the open internet: not private, loopback, link-local, multicast or reserved, nor an
    IPv6 form that leads to such an IPv4 address."""
    parsed = ip_address(address.partition("%")[0])
    return all(part.is_global and not part.is_multicast for part in (parsed, *_carried(parsed)))


def _carried(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _CARRIERS):
        carried.append(IPv4Address(address.packed[-4:]))
    return [inner for inner in carried if inner is not None]
