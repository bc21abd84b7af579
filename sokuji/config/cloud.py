"""Settings shared by all providers that call a service over the network. API keys are not settings."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from sokuji.config.settings import LIVE, Settings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class CloudSettings(Settings):
    """Address, timeout and concurrency of a service. Each provider has its own default for ``base_url``."""

    base_url: str = Field("", max_length=500)
    """Prefix of all request URLs. It must be https, so that the API key is encrypted, unless it is on
    loopback."""
    timeout_s: float = Field(10, gt=0, le=300, json_schema_extra=LIVE)
    """Limit for a complete response; of a streamed response, for its first chunk and between two chunks."""
    max_concurrency: int = Field(32, ge=1, le=1_000, json_schema_extra=LIVE)
    """Maximum number of simultaneous requests; further requests wait."""

    @model_validator(mode="after")
    def _check_base_url(self) -> Self:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("base_url must be a URL such as https://api.example.com/v1")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.allows_http():
            raise ValueError(
                "base_url must begin with https:// unless it is on loopback: it receives the API key"
            )
        return self

    @property
    def may_send_key(self) -> bool:
        """Whether an API key may be sent: the connection is encrypted or does not leave the machine."""
        parts = urlsplit(self.base_url)
        return parts.scheme == "https" or parts.hostname in _LOOPBACK

    @classmethod
    def allows_http(cls) -> bool:
        """Whether ``base_url`` may be http beyond loopback, for a server in a private network."""
        return False
