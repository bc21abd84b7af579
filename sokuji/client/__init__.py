"""The async client and the `sokuji` command line."""

from sokuji.client.connection import Config, TranslationClient, connect
from sokuji.client.dial import ConnectionLost, ServiceUnreachable

__all__ = ["Config", "ConnectionLost", "ServiceUnreachable", "TranslationClient", "connect"]
