"""The async client and the `sokuji` command line."""

from sokuji.client.client import TranslationClient, connect
from sokuji.client.config import Config
from sokuji.client.handshake import ConnectionLost, ServiceUnreachable

__all__ = ["Config", "ConnectionLost", "ServiceUnreachable", "TranslationClient", "connect"]
