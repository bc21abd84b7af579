"""The tuning guide's upper-case variables of the Gateway: what each one sets, or why it is refused.

Sockets and their keepalive belong to Ray Serve's proxy, which takes no settings for them (Ray 2.60.0: neither
``http_options`` nor an environment variable reaches uvicorn's; behind HAProxy each replica runs the same
server). An application cannot send a ping frame either. So the guide's variables for them are accepted where
they ask for what the proxy does, and refused otherwise: nothing that is set may be without effect.
"""

import os
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sokuji.config.gateway import GatewaySettings
from sokuji.config.settings import parse
from sokuji.errors import ConfigError

GATEWAY_ENVIRONMENT: dict[str, str] = {
    "limits.ws_max_message_size": "WS_MAX_MESSAGE_SIZE",
    "limits.ws_max_connections": "WS_MAX_CONNECTIONS",
    "resilience.circuit_breaker_threshold": "CIRCUIT_BREAKER_THRESHOLD",
}
"""Section and field of ``GatewaySettings`` -> the guide's name for it."""

PROXY: dict[str, tuple[float | bool, str]] = {
    "WS_PING_INTERVAL": (
        20.0,
        "Ray Serve's proxy pings every 20 s (limits.idle_timeout_s closes clients that say nothing)",
    ),
    "WS_PING_TIMEOUT": (20.0, "Ray Serve's proxy waits 20 s for the answer to a ping, then closes with 1011"),
    "WS_COMPRESSION": (True, "Ray Serve's proxy compresses for clients that offer it (permessage-deflate)"),
}
"""The guide's name -> what the proxy does, and in words; it cannot be told to do anything else."""

_NO_GRPC = (
    "there is no gRPC door: clients come over HTTP and WebSocket, and stages are called by Ray. Leave it out"
)
_ARGS = "it is the whole application's: set {} in the args of the Serve config"

REFUSED: dict[str, str] = {
    "GRPC_MAX_MESSAGE_LENGTH": _NO_GRPC,
    "GRPC_KEEPALIVE_TIME": _NO_GRPC,
    "GRPC_KEEPALIVE_TIMEOUT": _NO_GRPC,
    "GRPC_KEEPALIVE_PERMIT": _NO_GRPC,
    "GRPC_HTTP2_MAX_PINGS": _NO_GRPC,
    "LOAD_BALANCE_STRATEGY": _ARGS.format("load_balance_strategy"),
    "HEALTH_CHECK_INTERVAL": _ARGS.format("health_check_interval"),
}
"""The guide's name -> why it cannot be set here, and what to do."""


def parse_gateway(values: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> GatewaySettings:
    """The settings of the Gateway; the guide's upper-case variables win over ``values``.

    Raises:
        ConfigError: names every setting at fault and what is accepted, or a variable that cannot take effect.
    """
    for name in (*REFUSED, *PROXY):
        if text := environment.get(name):
            _refuse(name, text)
    merged = dict(values)
    for path, name in GATEWAY_ENVIRONMENT.items():
        section, _, field = path.partition(".")
        present = merged.get(section, {})
        if environment.get(name) and isinstance(present, Mapping):
            merged[section] = {**present, field: environment[name]}
    return parse(GatewaySettings, merged, "Gateway user_config")


def _refuse(name: str, text: str) -> None:
    if reason := REFUSED.get(name):
        raise ConfigError(f"{name} has no effect in the Gateway's environment: {reason}", param=name)
    value, does = PROXY[name]
    try:
        asked = TypeAdapter(type(value)).validate_python(text)
    except ValidationError:
        asked = None
    if asked != value:
        accepted = str(value).lower().removesuffix(".0")
        raise ConfigError(
            f"{name}={text} cannot be had: {does}, and takes no settings. Leave it out, or set {accepted}",
            param=name,
        )
