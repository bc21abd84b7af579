"""The async client of the WebSocket API. It needs no package besides ``websockets``."""

from sokuji.client.broadcast import BroadcastClient, listen
from sokuji.client.client import TranslationClient, connect
from sokuji.client.config import Config
from sokuji.client.handshake import ConnectionLost, ServiceUnreachable

__all__ = [
    "BroadcastClient",
    "Config",
    "ConnectionLost",
    "ServiceUnreachable",
    "TranslationClient",
    "connect",
    "listen",
]
