"""The UDP sockets of a call: on the loopback and all other addresses of this host, with ports of a range.

aioice leaves the loopback out and takes whatever ports the system gives, and has settings for neither. What
comes faster than a call needs is dropped, as networks do: a packet is decoded to up to 400 times its size,
and queues of aiortc have no bound.
"""

import asyncio
import contextlib
import random
import socket
import time
from collections.abc import Sequence
from types import MethodType
from typing import Any

import ifaddr
from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol

from sokuji.errors import Overloaded

MAX_ATTEMPTS = 64
"""Ports that are tried for an address. In a range that is not nearly full, the first ones are free."""
RECEIVE_BUFFER_BYTES = 2**18
MAX_PACKETS_PER_S = 1_000
"""Of one call. Speech takes 50, in the shortest frames of Opus 400; the rest is for events."""
MAX_BURST_PACKETS = 1_000


class PacketAllowance:
    """How many packets of a call are taken: a token bucket."""

    def __init__(self) -> None:
        self._left = float(MAX_BURST_PACKETS)
        self._filled_at = time.monotonic()

    def take(self) -> bool:
        """Whether one more is taken."""
        now = time.monotonic()
        self._left = min(MAX_BURST_PACKETS, self._left + MAX_PACKETS_PER_S * (now - self._filled_at))
        self._filled_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class PolicedProtocol(StunProtocol):
    """aioice's protocol of a socket, which drops what is beyond the allowance of its call."""

    def __init__(self, receiver: Connection, allowance: PacketAllowance) -> None:
        super().__init__(receiver)
        self._allowance = allowance

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        """See ``asyncio.DatagramProtocol``."""
        if self._allowance.take():
            super().datagram_received(data, addr)


def host_addresses() -> list[str]:
    """The addresses of this host, IPv4 and IPv6, without those that are valid on one link only."""
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    addresses = [ip if isinstance(ip, str) else ip[0] for ip in found if isinstance(ip, str) or not ip[2]]
    return sorted(set(addresses))


def use_ports(connection: Connection, ports: tuple[int, int]) -> None:
    """Make ``connection`` gather its candidates on all addresses of this host, with ports of a range.

    ``gather_candidates`` then raises ``Overloaded`` if no address has a free port in it.

    Args:
        ports: the first and the last.
    """

    allowance = PacketAllowance()

    async def gather(self: Connection, component: int, addresses: Sequence[str]) -> list[Candidate]:
        protocols = [await _bound(self, address, component, ports, allowance) for address in host_addresses()]
        bound = [protocol for protocol in protocols if protocol is not None]
        if not bound:
            raise Overloaded(
                f"no UDP port from {ports[0]} to {ports[1]} is free; try again shortly", retry_after_s=5
            )
        self._protocols += bound
        return [protocol.local_candidate for protocol in bound]

    # The class is named in aiortc; its instances can be changed one by one.
    connection.get_component_candidates = MethodType(gather, connection)  # type: ignore[method-assign]


async def _bound(
    connection: Connection, address: str, component: int, ports: tuple[int, int], allowance: PacketAllowance
) -> StunProtocol | None:
    """A socket of an address, with its candidate; None: it has no free port, or cannot be used."""
    listener = _socket(address, ports)
    if listener is None:
        return None
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_datagram_endpoint(
        lambda: PolicedProtocol(connection, allowance), sock=listener
    )
    protocol.local_candidate = Candidate(
        foundation=candidate_foundation("host", "udp", address),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host"),
        host=address,
        port=listener.getsockname()[1],
        type="host",
    )
    return protocol


def _socket(address: str, ports: tuple[int, int]) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    choices = range(ports[0], ports[1] + 1)
    for port in random.sample(choices, min(MAX_ATTEMPTS, len(choices))):
        listener = socket.socket(family, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            listener.bind((address, port))
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            return listener
        listener.close()
    return None
