"""Authentication of the providers that speak OpenAI's protocol, to OpenAI itself or to a compatible
server."""

import os
from urllib.parse import urlsplit

from sokuji.config.cloud import CloudSettings
from sokuji.providers.cloud import api_key

KEY = "OPENAI_API_KEY"
HOST = "api.openai.com"


def headers(settings: CloudSettings) -> dict[str, str]:
    """The header with the key; empty where no key is sent.

    A key is required for OpenAI itself and optional for other servers. It is never sent over an unencrypted
    network connection.

    Raises:
        ConfigError: OpenAI's key is not set.
    """
    if not settings.may_send_key or (not is_openai(settings) and not os.environ.get(KEY)):
        return {}
    return {"Authorization": f"Bearer {api_key(KEY, what='an OpenAI API key')}"}


def is_openai(settings: CloudSettings) -> bool:
    """Whether the server is OpenAI's own rather than a compatible one."""
    return urlsplit(settings.base_url).hostname == HOST
