"""Settings that all providers share which call a service over the network. Keys never stand here."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from sokuji.config.settings import LIVE, Settings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class CloudSettings(Settings):
    """Where a service is and how long it may take; a provider names its own ``base_url``."""

    base_url: str = Field("", max_length=500)
    """Address that the service's paths are put behind. A key crosses the network only under https; loopback
    may do without."""
    timeout_s: float = Field(10, gt=0, le=300, json_schema_extra=LIVE)
    """For the whole of an answer; of one that is streamed, until its beginning and from piece to piece."""
    max_concurrency: int = Field(32, ge=1, le=1_000, json_schema_extra=LIVE)
    """Requests that are under way at the same time; the next ones wait."""

    @model_validator(mode="after")
    def _address_is_sound(self) -> Self:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("base_url must be an address such as https://api.example.com/v1")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.takes_http():
            raise ValueError("base_url must begin with https:// unless it is on loopback: a key goes there")
        return self

    @property
    def keeps_secrets(self) -> bool:
        """Whether nobody on the way can read what is sent, so that a key may be."""
        parts = urlsplit(self.base_url)
        return parts.scheme == "https" or parts.hostname in _LOOPBACK

    @classmethod
    def takes_http(cls) -> bool:
        """Whether the service may be had without encryption from anywhere: servers in one's own network."""
        return False
