"""Settings of the gRPC door: where it listens, how large messages are, and how dead connections are found."""

import ipaddress
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from sokuji.config.settings import Condition, Settings


def _checked_address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if value and not (_is_host(host) and port.isdecimal() and port.isascii() and 0 < int(port) < 65_536):
        raise ValueError("accepted: IP:PORT, [IPv6]:PORT or localhost:PORT; empty: no gRPC")
    return value


def _is_host(host: str) -> bool:
    if host == "localhost":
        return True
    in_brackets = host.startswith("[") and host.endswith("]")
    try:
        return (ipaddress.ip_address(host[1:-1] if in_brackets else host).version == 6) is in_brackets
    except ValueError:
        return False


def _needs_address(field: str, default: object) -> Condition:
    """The guide's own values are the defaults: they may stand where there is no gRPC."""
    return Condition(field, "address is set", lambda settings: bool(settings.address), neutral=(default,))


class GrpcSettings(Settings):
    """The gRPC door. A change holds for new connections; calls on the others go on."""

    conditions: ClassVar = (
        _needs_address("max_message_length", 10 * 2**20),
        _needs_address("keepalive_time", 10),
        _needs_address("keepalive_timeout", 5),
        _needs_address("keepalive_permit", True),
        _needs_address("http2_max_pings", 2),
    )

    address: Annotated[str, AfterValidator(_checked_address)] = Field("", max_length=64)
    """Where the door listens: ``127.0.0.1:50051``, ``[::]:50051``; empty: there is no gRPC. Gateway
    replicas on one machine share the port."""
    max_message_length: int = Field(10 * 2**20, ge=1_024, le=2**27)
    """Bytes of one message, received or sent."""
    keepalive_time: float = Field(10, ge=1, le=3_600)
    """Seconds without a frame from the client after which it is sent a ping. A client may ping as often."""
    keepalive_timeout: float = Field(5, ge=1, le=3_600)
    """Seconds in which a client has to answer a ping; then its connection is closed."""
    keepalive_permit: bool = True
    """Whether pings are sent and accepted while a connection has no call."""
    http2_max_pings: int = Field(2, ge=1, le=1_000)
    """Pings of a client that may come sooner than ``keepalive_time`` allows; with one more its connection is
    closed (``too_many_pings``)."""

    @property
    def host(self) -> str:
        """The host of the address, without brackets."""
        return self.address.rpartition(":")[0].strip("[]")
