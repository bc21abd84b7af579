"""Settings of access from web pages."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from sokuji.config.settings import Settings

ANY = "*"


def _checked_origin(value: str) -> str:
    parts = urlsplit(value)
    if value not in (ANY, "null") and value != f"{parts.scheme}://{parts.netloc}":
        raise ValueError("an origin is scheme://host or scheme://host:port, null, or *")
    return value.lower()


def _checked_host(value: str) -> str:
    if not value or set(value) & set("/:@ "):
        raise ValueError("a host is a name without scheme and port, or *")
    return value.lower().removesuffix(".")


class AccessSettings(Settings):
    """Which web pages may use the service; other clients are not affected by ``allowed_origins``."""

    allowed_origins: tuple[Annotated[str, AfterValidator(_checked_origin)], ...] = Field((), max_length=1_000)
    """Origins of pages that may call the service beside its own pages: ``https://app.example.com``, ``null``
    (pages from files), or ``*`` for all."""
    allowed_hosts: tuple[Annotated[str, AfterValidator(_checked_host)], ...] = Field((), max_length=1_000)
    """Names in DNS by which clients reach the service, or ``*`` for all. Addresses and names that nobody can
    register (``localhost``, names without a dot, ``.local``, ``.internal``, ``.svc``) need not be listed."""
