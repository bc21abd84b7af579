"""The gRPC server of a gateway replica, beside Serve's proxy, whose own gRPC has no keepalive (docs/grpc.md).

Replicas on one machine listen on the same port, among which the kernel shares out the connections. A changed
setting holds for new connections: a new server takes over the port, and the old one ends with its last call.
"""

import asyncio
import logging

import grpc

from sokuji.api.grpc import (
    converse,
    health_service,
    reflection_service,
    stt_service,
    translation_service,
    tts_service,
)
from sokuji.api.grpc.gate import Gate
from sokuji.api.grpc.methods import Method
from sokuji.api.service import Service
from sokuji.config import GatewaySettings
from sokuji.errors import ConfigError

log = logging.getLogger(__name__)

_SERVICES = (stt_service, translation_service, tts_service, converse, health_service)
METHODS: dict[str, Method] = {
    **{path: method for each in _SERVICES for path, method in each.METHODS.items()},
    **reflection_service.reflection_methods(each.SERVICE for each in _SERVICES),
}
"""Path -> method, of all services."""
HANDSHAKE_S = 10
"""Within which a connection must have begun to speak HTTP/2."""
MAX_STREAMS = 100
"""Calls of one connection at the same time; further ones wait in the client."""


class GrpcServer:
    """Serves ``service`` over gRPC, where and as its settings say."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._server: grpc.aio.Server | None = None
        self._options: tuple[object, ...] = ()
        self._ending: set[grpc.aio.Server] = set()
        """Servers that accept nothing more, until their last calls have ended."""
        self._replaced: set[asyncio.Task[None]] = set()

    async def apply(self) -> None:
        """Take over the settings of the service, which has applied them.

        Raises:
            ConfigError: the address cannot be listened on; the former server goes on.
        """
        settings = self._service.settings
        options = (server_options(settings), settings.grpc.address, _max_client_calls(settings))
        if options == self._options:
            return
        started = await self._started(settings) if settings.grpc.address else None
        former, self._server, self._options = self._server, started, options
        if former is not None:
            ending = asyncio.create_task(self._end(former, settings.limits.max_session_s))
            self._replaced.add(ending)
            ending.add_done_callback(self._replaced.discard)

    async def stop(self, grace_s: float) -> None:
        """Accept no connections and no calls any more, and wait for the calls in progress.

        Args:
            grace_s: seconds, after which these are cut off.
        """
        if self._server is not None:
            self._ending.add(self._server)
        self._server, self._options = None, ()
        await asyncio.gather(*(self._end(each, grace_s) for each in list(self._ending)))

    async def _end(self, server: grpc.aio.Server, grace_s: float) -> None:
        self._ending.add(server)
        await server.stop(grace_s)
        self._ending.discard(server)

    async def _started(self, settings: GatewaySettings) -> grpc.aio.Server:
        gate = Gate(self._service, METHODS, settings.grpc.host, _max_client_calls(settings))
        server = grpc.aio.server(handlers=(gate,), options=server_options(settings))
        try:
            server.add_insecure_port(settings.grpc.address)
        except RuntimeError:
            raise ConfigError(
                f"grpc.address: cannot listen on {settings.grpc.address}; is its port in use?",
                param="grpc.address",
            ) from None
        await server.start()
        log.info("gRPC on %s", settings.grpc.address)
        return server


def _max_client_calls(settings: GatewaySettings) -> int:
    """Calls of one client address: its sessions, and as many others as are served at the same time."""
    return settings.limits.ws_max_client_connections + settings.limits.max_concurrent_requests


def server_options(settings: GatewaySettings) -> tuple[tuple[str, int], ...]:
    """What gRPC's core is told; its names are those of ``grpc_types.h``."""
    knobs = settings.grpc
    time_ms, timeout_ms = round(1_000 * knobs.keepalive_time), round(1_000 * knobs.keepalive_timeout)
    return (
        ("grpc.max_receive_message_length", knobs.max_message_length),
        ("grpc.max_send_message_length", knobs.max_message_length),
        ("grpc.keepalive_time_ms", time_ms),
        ("grpc.keepalive_timeout_ms", timeout_ms),
        # Without it the core gives any ping a minute, that of a keepalive too.
        ("grpc.http2.ping_timeout_ms", timeout_ms),
        ("grpc.keepalive_permit_without_calls", int(knobs.keepalive_permit)),
        # Half: a client's clock and the network may make two pings come closer to each other.
        ("grpc.http2.min_ping_interval_without_data_ms", time_ms // 2),
        ("grpc.http2.max_ping_strikes", knobs.http2_max_pings),
        ("grpc.max_connection_idle_ms", round(1_000 * settings.limits.idle_timeout_s)),
        ("grpc.server_handshake_timeout_ms", 1_000 * HANDSHAKE_S),
        ("grpc.max_concurrent_streams", MAX_STREAMS),
        ("grpc.so_reuseport", 1),
    )
