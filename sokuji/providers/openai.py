"""What the providers share that speak OpenAI's protocol: whom the key is sent to."""

import os
from urllib.parse import urlsplit

from sokuji.config.cloud import CloudSettings
from sokuji.providers.cloud import key

KEY = "OPENAI_API_KEY"
OPENAI = "api.openai.com"


def headers(settings: CloudSettings) -> dict[str, str]:
    """The key, without which only OpenAI itself cannot be had; it never crosses a network unencrypted.

    Raises:
        ConfigError: OpenAI's key is not set.
    """
    if not settings.keeps_secrets or (not is_openai(settings) and not os.environ.get(KEY)):
        return {}
    return {"Authorization": f"Bearer {key(KEY, what='an OpenAI API key')}"}


def is_openai(settings: CloudSettings) -> bool:
    """Whether it is the service of OpenAI, not another one that speaks its protocol."""
    return urlsplit(settings.base_url).hostname == OPENAI
